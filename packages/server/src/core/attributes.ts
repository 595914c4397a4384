import { utf8Bytes, type Data, type Limits, type WireError } from '@org/realtime-protocol'
import { wireError } from './wire-errors.js'

/** What the application remembers of a session: JSON values by name. */
export type Attributes = Readonly<Record<string, Data>>

/** The attributes of a session without any. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({})

/** Attributes as a store gave them. */
export function attributesOf(text: string | undefined): Attributes {
  return text === undefined ? NO_ATTRIBUTES : (Object.freeze(JSON.parse(text)) as Attributes)
}

/** Attributes with changes made to them, in order: a value takes the place of the one before, `null` removes it. */
export function changed(attributes: Attributes, ...changes: readonly Attributes[]): Attributes {
  const fields = Object.entries(changes.reduce((all, each) => ({ ...all, ...each }), attributes)).filter(
    ([, value]) => value !== null,
  )
  return Object.freeze(Object.fromEntries(fields))
}

/** Why attributes cannot be kept, if so. */
export function refusal(attributes: Attributes, { attributesBytes }: Pick<Limits, 'attributesBytes'>) {
  if (utf8Bytes(JSON.stringify(attributes)) <= attributesBytes) return undefined
  return wireError('TOO_LARGE', { message: `a session has at most ${attributesBytes} bytes of attributes as JSON` })
}

/** Changes as they travel and are stored, or why there can be none. */
export function asChanges(value: unknown): { readonly changes: Attributes } | WireError {
  const text = isRecord(value) ? tryJson(value) : undefined
  const plain: unknown = text === undefined ? undefined : JSON.parse(text)
  // What has a `toJSON` of its own may have become anything.
  if (isRecord(plain)) return { changes: plain }
  return wireError('INVALID_DATA', { message: 'attributes are an object whose values can be written as JSON' })
}

function isRecord(value: unknown): value is Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function tryJson(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
