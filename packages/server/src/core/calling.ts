import type { Data, MethodContract, WireError } from '@org/realtime-protocol'
import { checked } from './checked.js'
import type { CallOutcome } from './methods.js'
import type { Node } from './node.js'
import type { OutgoingCall } from './pending-calls.js'
import type { Target } from './target.js'
import { RealtimeError, shortened, wireError } from './wire-errors.js'

/** Time in which other nodes say whom they hold. */
const SEARCH_MS = 1_000

const UNSEEN = 'no node that answered holds the session, and not all did'

/** The way from the application to methods of its clients: input schema, node, link, output schema. */
export class Calling {
  constructor(private readonly node: Node) {}

  /**
   * Calls a method of a client.
   *
   * @throws {@link RealtimeError} when there is no answer.
   */
  async call(target: Target, schemas: MethodContract, call: OutgoingCall, signal?: AbortSignal): Promise<Data> {
    const { logger } = this.node
    const subject = { method: call.method }
    const input = await checked(schemas.input, call.data, logger, subject)
    if ('error' in input) throw RealtimeError.from(input.error)
    const outcome = await abortable(signal, (ending) => this.carry(target, { ...call, data: input.value }, ending))
    if ('error' in outcome) throw RealtimeError.from(outcome.error)
    const output = await checked(schemas.output, outcome.value, logger, subject)
    if ('error' in output) throw RealtimeError.from(output.error)
    return output.value
  }

  /** Calls a method of a session that this node holds. */
  here(session: string, call: OutgoingCall, signal?: AbortSignal): Promise<CallOutcome> {
    // One that is about to be told that it is connected must not be told anything before that.
    const [held] = this.node.registry.of({ session })
    if (!held?.connection.isOpen) return Promise.resolve({ error: wireError('NOT_CONNECTED') })
    if (signal?.aborted) return Promise.resolve({ error: wireError('UNKNOWN_OUTCOME') })
    const { pending } = held.connection.calls
    return new Promise((resolve) => {
      const abort = (): void => giveUp()
      const giveUp = pending.start(call, (outcome) => {
        signal?.removeEventListener('abort', abort)
        resolve(outcome)
      })
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** The latest link of the target may be on any node. */
  private async carry(target: Target, call: OutgoingCall, signal: AbortSignal): Promise<CallOutcome> {
    const { reach, clock, registry } = this.node
    if ('session' in target && registry.of(target).length > 0) return this.here(target.session, call, signal)
    const began = clock.now()
    const { answers, complete } = await reach.sessions(target, Math.min(SEARCH_MS, call.timeoutMs))
    if (signal.aborted) return { error: wireError('UNKNOWN_OUTCOME') }
    const latest = answers.reduce<(typeof answers)[number] | undefined>(
      (found, each) => (found && found.connectedAt > each.connectedAt ? found : each),
      undefined,
    )
    // A node that did not answer may hold it.
    if (!latest) return { error: complete ? wireError('NOT_CONNECTED') : wireError('UNAVAILABLE', { message: UNSEEN }) }
    if (latest.node === reach.fellows.name) return this.here(latest.session, call, signal)
    const timeoutMs = Math.max(1, call.timeoutMs - (clock.now() - began))
    return reach.call(latest.node, latest.session, { ...call, timeoutMs }, signal)
  }
}

/** Does something that the caller can give up. Then it is told so at once, whatever becomes of it. */
async function abortable(
  signal: AbortSignal | undefined,
  work: (ending: AbortSignal) => Promise<CallOutcome>,
): Promise<CallOutcome> {
  if (signal?.aborted) return { error: aborted(signal) }
  const ending = new AbortController()
  if (!signal) return work(ending.signal)
  let abort = (): void => undefined
  const given = new Promise<CallOutcome>((resolve) => {
    abort = (): void => {
      resolve({ error: aborted(signal) })
      ending.abort()
    }
  })
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([given, work(ending.signal)])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The caller itself has given up. The code is one of clients, which never travels. */
function aborted(signal: AbortSignal): WireError {
  const reason: unknown = signal.reason
  return { code: 'ABORTED', message: reason instanceof Error ? shortened(reason.message) : 'the call was aborted' }
}
