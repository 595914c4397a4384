import {
  DEFAULT_LIMITS,
  utf8Bytes,
  type Contract,
  type Meta,
  type MethodContract,
  type MethodReceived,
  type MethodReturned,
} from '@org/realtime-protocol'
import type { Identity } from './core/declarations.js'
import type { CallContext } from './core/methods.js'

/** Settings of one call to a client. */
export interface CallOptions {
  /** Time until the answer, in milliseconds. Default: `callTimeoutMs` of the limits, 30,000. */
  readonly timeoutMs?: number
  /** Texts that travel with the call for tools, such as `traceparent`. At most 1,024 bytes. */
  readonly meta?: Meta
  /** Gives the call up with `ABORTED`, and tells the client. It may have had its effect all the same. */
  readonly signal?: AbortSignal
}

/** The input and the settings of a call; the input can be left out where the contract allows that. */
export type CallArguments<Input> = undefined extends Input
  ? readonly [input?: Input, options?: CallOptions]
  : readonly [input: Input, options?: CallOptions]

/** What a method does. The answer is what it returns or resolves with. */
export type Method<M extends MethodContract, User extends Identity> = (
  input: MethodReceived<M>,
  context: CallContext<User>,
) => MethodReturned<M> | PromiseLike<MethodReturned<M>>

/**
 * What the contract says of a method. A contract that names the methods of a side names all of them.
 *
 * @throws TypeError when it does not name this one, or nobody could call it.
 */
export function methodContract(contract: Contract, side: 'methods' | 'clientMethods', name: string): MethodContract {
  const bytes = utf8Bytes(name)
  if (bytes === 0 || bytes > DEFAULT_LIMITS.methodBytes) {
    throw new TypeError(`the name of a method has 1 to ${DEFAULT_LIMITS.methodBytes} bytes`)
  }
  const methods = contract[side]
  if (methods && !Object.hasOwn(methods, name)) throw new TypeError(`${side} of the contract have no method ${name}`)
  return methods?.[name] ?? {}
}
