import type { RealtimeError } from '@org/realtime-client'
import type { MethodInput } from '@org/realtime-protocol'
import type { app, MethodName, Output } from '../contract.js'
import type { RefusalCode } from '../orders/refusal.js'
import type { Client } from './follow.js'

/** Settings of a call. */
export interface CallOptions {
  /** How long to ask, over any number of links, while no answer comes. */
  readonly forMs?: number
  readonly signal?: AbortSignal
}

/** Why a call came to nothing. */
export class CallError extends Error {
  constructor(
    /** `NO_ANSWER`: nobody knows whether it was done. `UNAUTHORIZED`: the token is no good. Otherwise it was refused. */
    readonly code: RefusalCode | 'NO_ANSWER' | 'UNAUTHORIZED',
    message: string,
  ) {
    super(message)
  }
}

const PAUSE_MS = 700
const NO_ANSWER: readonly string[] = ['TIMEOUT', 'UNKNOWN_OUTCOME', 'EXPIRED', 'ABORTED', 'CLOSED']

/** Calls a method of the server. @throws CallError. */
export async function call<Name extends MethodName>(
  client: Client,
  name: Name,
  input: MethodInput<(typeof app.methods)[Name]>,
  { forMs = 8_000, signal }: CallOptions = {},
): Promise<Output<Name>> {
  const until = performance.now() + forMs
  for (;;) {
    try {
      const timeoutMs = Math.max(1, until - performance.now())
      // The contract says the same of every method, but pages import only its types.
      const options = { idempotent: true, timeoutMs, ...(signal && { signal }) }
      return (await client.call(name, ...([input, options] as never))) as Output<Name>
    } catch (error) {
      const { code, message, retryable } = error as RealtimeError
      if (NO_ANSWER.includes(code)) throw new CallError('NO_ANSWER', 'The server does not answer.')
      if (!retryable) throw new CallError(code as RefusalCode, message)
      if (performance.now() + PAUSE_MS > until) throw new CallError('NO_ANSWER', message)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}
