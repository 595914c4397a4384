import type { FunctionName, Output } from '../functions.js'
import type { RefusalCode } from '../orders/refusal.js'
import type { INPUTS } from '../contract.js'
import type { z } from 'zod'

/** Settings of a call. */
export interface CallOptions {
  readonly token: string
  /** How long to ask again while no answer comes. Every function can be asked again without harm. */
  readonly retryForMs?: number
  readonly signal?: AbortSignal
}

/** Why a call came to nothing. */
export class CallError extends Error {
  constructor(
    /** `NO_ANSWER`: nobody knows whether it was done. Otherwise the server refused, and nothing was done. */
    readonly code: RefusalCode | 'NO_ANSWER',
    message: string,
    readonly current?: unknown,
  ) {
    super(message)
  }
}

const ATTEMPT_MS = 5_000
const PAUSE_MS = 700

/** Calls a function of the server. @throws CallError. */
export async function call<Name extends FunctionName>(
  name: Name,
  input: z.input<(typeof INPUTS)[Name]>,
  { token, retryForMs = 8_000, signal }: CallOptions,
): Promise<Output<Name>> {
  const giveUpAt = performance.now() + retryForMs
  for (;;) {
    const answer = await attempt(name, input, token, signal)
    if (answer?.ok) return (await answer.json()) as Output<Name>
    if (answer && answer.status < 500) {
      const { error } = (await answer.json()) as { error: { code: RefusalCode; message: string; current?: unknown } }
      throw new CallError(error.code, error.message, error.current)
    }
    if (signal?.aborted || performance.now() > giveUpAt) throw new CallError('NO_ANSWER', 'The server does not answer.')
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** One attempt; nothing when no answer came. */
async function attempt(
  name: FunctionName,
  input: object,
  token: string,
  signal: AbortSignal | undefined,
): Promise<Response | undefined> {
  const limit = AbortSignal.timeout(ATTEMPT_MS)
  try {
    return await fetch(`/api/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(input),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    })
  } catch {
    return undefined
  }
}
