import { utf8Bytes, type Data, type MethodContract, type Meta, type WireError } from '@org/realtime-protocol'
import type { Logger } from '../ports/index.js'
import { checked, toJson } from './checked.js'
import type { Attributes } from './attributes.js'
import type { Identity } from './declarations.js'
import { errorOf, RealtimeError, wireError } from './wire-errors.js'

/** What the handler of a method learns besides its input. */
export interface CallContext<User extends Identity = Identity> {
  /** What `authenticate` returned; `null` for an anonymous one. */
  readonly user: User | null
  /** Public id of the session that calls. */
  readonly session: string
  /** What `realtime.setAttributes` gave the session, as of the call. */
  readonly attributes: Attributes
  /**
   * Aborts when nobody waits for the answer any more: the caller gave up, its link ended, or the time is over. Made when it is
   * looked at; take it by name, since a copy of the context by spread does not have it.
   */
  readonly signal: AbortSignal
  /** What travels for tools. */
  readonly meta?: Meta | undefined
}

/** Does what a method is for. What it returns or resolves with is the answer. */
export type MethodHandler = (input: Data, context: CallContext) => Data

/** A call that runs. */
export interface RunningCall {
  /** What its handler learns. */
  readonly context: CallContext
  /** Whether nobody waits for its answer any more. */
  readonly isAbandoned: boolean
}

/** What became of a call: its answer, or why there is none. */
export type CallOutcome = { readonly value: Data } | { readonly error: CallError }

/** Why a call was not done, and what the method says besides. */
export type CallError = WireError & { readonly data?: Data }

/** Largest data of an error, as JSON in UTF-8. */
const ERROR_DATA_BYTES = 16_384

/** The methods that an application serves to its clients, by name. */
export class Methods {
  private readonly methods = new Map<string, MethodContract & { readonly handler: MethodHandler }>()

  constructor(private readonly logger: Logger) {}

  /** Serves a method, in place of the handler it had. */
  set(name: string, schemas: MethodContract, handler: MethodHandler): void {
    this.methods.set(name, { ...schemas, handler })
  }

  /** Runs a method: input schema, handler, output schema, each once. Never rejects. */
  async run(name: string, data: Data, call: RunningCall): Promise<CallOutcome> {
    const method = this.methods.get(name)
    if (!method) return { error: wireError('UNKNOWN_METHOD') }
    const input = await checked(method.input, data, this.logger, { method: name })
    if ('error' in input) return input
    // The caller may have given up while the schema was asked: then the handler does not begin.
    if (call.isAbandoned) return { error: wireError('UNKNOWN_OUTCOME') }
    try {
      return this.approved(name, method, await method.handler(input.value, call.context))
    } catch (error) {
      const known = errorOf(error)
      if (!known && !call.isAbandoned) this.logger.error('method failed', { method: name, error })
      return { error: known ? { ...known, ...this.dataOf(error, name) } : wireError('INTERNAL') }
    }
  }

  /** What an error says besides. Without it the caller still learns the code, so what cannot be sent is left out. */
  private dataOf(error: unknown, name: string): { readonly data?: Data } {
    if (!(error instanceof RealtimeError) || error.data === undefined) return {}
    const text = toJson(error.data)
    if (text !== undefined && utf8Bytes(text) <= ERROR_DATA_BYTES) return { data: error.data }
    this.logger.error('the data of an error cannot be sent: it has at most 16,384 bytes as JSON', { method: name })
    return {}
  }

  /** An answer that does not fit its own schema is the fault of this side, and no business of the caller. */
  private async approved(name: string, { output }: MethodContract, value: Data): Promise<CallOutcome> {
    const answer = await checked(output, value, this.logger, { method: name })
    if (!('error' in answer)) return answer
    const { message } = answer.error
    this.logger.error('a method answered what its output schema does not allow', { method: name, issues: message })
    return { error: wireError('INTERNAL') }
  }
}
