import type { StandardSchema } from '@org/realtime-protocol'

type Verdict = { readonly value: unknown } | { readonly issues: readonly string[] }

/** A schema from what it says of a value: another value, or what is wrong with it. */
export function schema(judge: (value: unknown) => Verdict | Promise<Verdict>): StandardSchema {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value: unknown) => {
        const verdict = await judge(value)
        return 'value' in verdict ? verdict : { issues: verdict.issues.map((message) => ({ message })) }
      },
    },
  }
}
