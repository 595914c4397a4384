import type { Data, MethodContract, WireError } from '@org/realtime-protocol'
import type { Logger } from '../ports/index.js'
import { checked } from './checked.js'
import type { CallOutcome } from './methods.js'
import type { OutgoingCall } from './pending-calls.js'
import type { SessionRegistry } from './session-registry.js'
import type { Target } from './target.js'
import { RealtimeError, shortened, wireError } from './wire-errors.js'

/** The way from the application to methods of its clients: input schema, link, output schema. */
export class Calling {
  constructor(
    private readonly registry: SessionRegistry,
    private readonly logger: Logger,
  ) {}

  /**
   * Calls a method of a client.
   *
   * @throws {@link RealtimeError} when there is no answer.
   */
  async call(target: Target, schemas: MethodContract, call: OutgoingCall, signal?: AbortSignal): Promise<Data> {
    const subject = { method: call.method }
    const input = await checked(schemas.input, call.data, this.logger, subject)
    if ('error' in input) throw RealtimeError.from(input.error)
    const outcome = await this.carry(target, { ...call, data: input.value }, signal)
    if ('error' in outcome) throw RealtimeError.from(outcome.error)
    const output = await checked(schemas.output, outcome.value, this.logger, subject)
    if ('error' in output) throw RealtimeError.from(output.error)
    return output.value
  }

  private carry(target: Target, call: OutgoingCall, signal: AbortSignal | undefined): Promise<CallOutcome> {
    // One that is about to be told that it is connected must not be told anything before that.
    const link = this.registry
      .of(target)
      .filter(({ connection }) => connection.isOpen)
      .at(-1)?.connection
    if (signal?.aborted) return Promise.resolve({ error: aborted(signal) })
    if (!link) return Promise.resolve({ error: wireError('NOT_CONNECTED') })
    return new Promise((resolve) => {
      const abort = (): void => {
        resolve({ error: aborted(signal) })
        giveUp()
      }
      signal?.addEventListener('abort', abort, { once: true })
      const giveUp = link.calls.pending.start(call, (outcome) => {
        signal?.removeEventListener('abort', abort)
        resolve(outcome)
      })
    })
  }
}

/** The caller itself has given up. The code is one of clients, which never travels. */
function aborted(signal: AbortSignal | undefined): WireError {
  const reason: unknown = signal?.reason
  const message = reason instanceof Error ? shortened(reason.message) : 'the call was aborted'
  return { code: 'ABORTED', message }
}
