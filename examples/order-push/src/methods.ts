import { RealtimeError, type RealtimeServer } from '@org/realtime-server'
import type { app } from './contract.js'
import type { Database } from './database/database.js'
import { names, run } from './functions.js'
import { Refusal } from './orders/refusal.js'
import type { Who } from './who.js'

/** Carries the functions over the pages' realtime links. The server checks their input by the contract. */
export function serveMethods(
  realtime: RealtimeServer<typeof app, Who>,
  { db, report }: { readonly db: Database; readonly report: (what: string, error: unknown) => void },
): void {
  for (const name of names) {
    realtime.method(name, async (input: unknown, { user }) => {
      try {
        return (await run(name, { db, who: user ?? undefined }, input)) as never
      } catch (error) {
        if (error instanceof Refusal) throw new RealtimeError(error.code, error.message)
        report(`${name} failed`, error)
        const words = 'The server cannot do this right now. Try again in a moment.'
        throw new RealtimeError('UNAVAILABLE', words, { retryable: true })
      }
    })
  }
}
