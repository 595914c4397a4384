import type { Data, Meta, Sender } from '@org/realtime-protocol'

/** Who a client is, as `authenticate` says. */
export interface FakeIdentity {
  /** Id of the user; `null` for an anonymous one. Default: the `user` of the options. */
  readonly user?: string | null
  /** What the application says to a new connection. Default: nothing. */
  readonly hello?: Data
  /** Time until the token expires, in milliseconds, as the client is told. Nothing expires by itself. Default: never. */
  readonly expiresInMs?: number
}

/** What a client gives to be let in. */
export interface FakeCredentials {
  /** Its token. */
  readonly token?: string | undefined
  /** Its `data` option. */
  readonly data?: Data
  /** `refresh` when a running link brings a new token. */
  readonly reason: 'connect' | 'refresh'
}

/** A message that a client published or sent. */
export interface ReceivedMessage<T = unknown> extends Sender {
  /** The channel. */
  readonly channel: string
  /** What the client gave. */
  readonly data: T
  /** Id of the publication. */
  readonly id: string
  /** The idempotency key, if there was one. */
  readonly key?: string | undefined
  /** What travels for tools. */
  readonly meta?: Meta | undefined
}

/** A call that a client made. */
export interface ReceivedCall<T = unknown> extends Sender {
  /** The method. */
  readonly method: string
  /** What the client gave. */
  readonly input: T
  /** What travels for tools. */
  readonly meta?: Meta | undefined
}

/** A subscription that a client asked for. */
export interface ReceivedSubscribe extends Sender {
  /** The channel. */
  readonly channel: string
}

/** What the handler of a method learns besides its input. */
export interface FakeCallContext extends ReceivedCall {
  /** Aborts when the client no longer waits. */
  readonly signal: AbortSignal
}

/** Judges what clients publish. */
export type PublishJudge<T = unknown> = (message: ReceivedMessage<T>) => unknown

/** Answers a call. */
export type CallHandler = (input: never, context: FakeCallContext) => unknown
