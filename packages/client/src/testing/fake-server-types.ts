import type {
  ChannelIn,
  CloseCodeName,
  Contract,
  ErrorCode,
  GapReason,
  MessageInput,
  MessageOutput,
  Meta,
  MethodIn,
  MethodInput,
  MethodOutput,
  MethodReceived,
  MethodReturned,
  MethodsOf,
  Mode,
  PersonalInput,
  Position,
  PresenceOutput,
  Sender,
} from '@org/realtime-protocol'
import type { VirtualClock } from '@org/realtime-protocol/testing'
import type { ClientOptions } from '../options.js'
import type {
  FakeCallContext,
  FakeCredentials,
  FakeIdentity,
  PublishJudge,
  ReceivedCall,
  ReceivedMessage,
  ReceivedSubscribe,
} from './fake-types.js'

/** Settings of a fake server. All have defaults. */
export interface FakeServerOptions {
  /**
   * Time of the server and, through `options`, of its clients. Default: that of the machine; then clients come back
   * within a few milliseconds, so that no test waits for a back-off.
   */
  readonly clock?: VirtualClock
  /** How long everything takes from one end to the other, in milliseconds. Default: 0, which is the next turn. */
  readonly latencyMs?: number
  /** Id of the user that every client is; `null` for anonymous ones. Default: `me`. */
  readonly user?: string | null
  /**
   * Says who a client is. With `null`, or by throwing an error with the code `UNAUTHORIZED`, the token is not accepted;
   * with `FORBIDDEN`, the client is sent away for good. Default: everybody is let in as `user`.
   */
  readonly authenticate?: (credentials: FakeCredentials) => FakeIdentity | null | Promise<FakeIdentity | null>
}

/** What a test says about a message that it publishes. */
export interface FakePublishOptions {
  /** Who published: the id of a user, or all of it. Default: the server. */
  readonly from?: string | Sender
  /** Names the publication. Default: a new id. */
  readonly id?: string
  /** What travels for tools. Default: nothing. */
  readonly meta?: Meta
}

/** How long a test waits. */
export interface ExpectOptions {
  /** Time after which the wait fails, in milliseconds by the server's clock. Default: 1,000. */
  readonly timeoutMs?: number
}

/**
 * A server for unit tests of an application, without a network and without rules: everybody may do everything until the
 * test says otherwise. It keeps logs, positions, sessions and presence as a real one does, so the client and the
 * application behave as they do in production. Schemas are not checked.
 *
 * ```ts
 * const server = fakeServer()
 * const client = new RealtimeClient('ws://test', server.options)
 * ```
 */
export interface FakeServer<C extends Contract = Contract> {
  /** For the client: `new RealtimeClient('ws://test', server.options)`. Spread it to add options of your own. */
  readonly options: ClientOptions
  /** How many clients are connected, or about to be. */
  readonly connections: number

  // --- Messages ---

  /** Publishes a message, stored for those who come later. @returns Where it stands. */
  publish<N extends ChannelIn<C>>(channel: N, data: MessageOutput<C, N>, options?: FakePublishOptions): Position
  /** Publishes to the personal channel of a user. @returns Where it stands. */
  publishToUser(user: string, data: PersonalInput<C>, options?: FakePublishOptions): Position
  /**
   * Judges what clients publish to a channel, or to all that fit a template. What it returns is stored in place of what
   * the client gave, unless that is undefined. An error with a code refuses the publish; while a promise is pending, the
   * client waits for its answer.
   *
   * @returns A function that ends it.
   */
  onPublish<N extends ChannelIn<C>>(channel: N, judge: PublishJudge<MessageInput<C, N>>): () => void
  /** What clients published so far, refused ones included, each once. */
  published<N extends ChannelIn<C>>(channel?: N): ReadonlyArray<ReceivedMessage<MessageInput<C, N>>>
  /** What clients sent so far by `channel.send`. */
  sent<N extends ChannelIn<C>>(channel?: N): ReadonlyArray<ReceivedMessage<MessageInput<C, N>>>
  /**
   * Waits for the next publish of a client, the first that was not given out yet.
   *
   * @throws Error that says what came instead, when none comes in time.
   */
  expectPublish<N extends ChannelIn<C>>(
    channel?: N,
    options?: ExpectOptions,
  ): Promise<ReceivedMessage<MessageInput<C, N>>>
  /** The same for `channel.send`. */
  expectSend<N extends ChannelIn<C>>(channel?: N, options?: ExpectOptions): Promise<ReceivedMessage<MessageInput<C, N>>>

  // --- Calls ---

  /** Serves a method, in place of the handler it had. @returns A function that ends it. */
  onCall<N extends MethodIn<C, 'methods'>>(
    method: N,
    handler: (
      input: MethodReceived<MethodsOf<C, 'methods'>[N]>,
      context: FakeCallContext,
    ) => MethodReturned<MethodsOf<C, 'methods'>[N]> | PromiseLike<MethodReturned<MethodsOf<C, 'methods'>[N]>>,
  ): () => void
  /** Calls that clients made so far. */
  calls<N extends MethodIn<C, 'methods'>>(
    method?: N,
  ): ReadonlyArray<ReceivedCall<MethodInput<MethodsOf<C, 'methods'>[N]>>>
  /**
   * Waits for the next call of a client, the first that was not given out yet.
   *
   * @throws Error that says what came instead, when none comes in time.
   */
  expectCall<N extends MethodIn<C, 'methods'>>(
    method?: N,
    options?: ExpectOptions,
  ): Promise<ReceivedCall<MethodInput<MethodsOf<C, 'methods'>[N]>>>
  /**
   * Calls a method of the client that connected last.
   *
   * @throws Error whose `code` is what the client answered, or `NOT_CONNECTED`, or `UNKNOWN_OUTCOME`.
   */
  call<N extends MethodIn<C, 'clientMethods'>>(
    method: N,
    input?: MethodInput<MethodsOf<C, 'clientMethods'>[N]>,
  ): Promise<MethodOutput<MethodsOf<C, 'clientMethods'>[N]>>

  // --- Channels ---

  /** Says how a channel, or all that fit a template, keeps messages. To be said before anything is published to it. */
  channel(channel: ChannelIn<C>, options: { readonly mode: Mode }): void
  /** How many clients are subscribed to a channel. */
  subscribers(channel: ChannelIn<C>): number
  /**
   * Waits until a client has subscribed to a channel, the first that was not given out yet. A message published before
   * reaches nobody who begins now.
   *
   * @throws Error that says what came instead, when none comes in time.
   */
  expectSubscribe(channel?: ChannelIn<C>, options?: ExpectOptions): Promise<ReceivedSubscribe>
  /**
   * Closes a channel, or all that fit a template, to clients: subscriptions end, and whatever they ask is refused.
   *
   * @param code Default: `FORBIDDEN`.
   * @param message For people. Default: that of the code.
   */
  refuse(channel: ChannelIn<C>, code?: ErrorCode | (string & {}), message?: string): void
  /** Ends {@link refuse}. A client has to ask again. */
  allow(channel: ChannelIn<C>): void
  /**
   * Has a gap happen: `trimmed`, `slow` and `unknown` pass over so many messages that nobody got, `rollback` takes the
   * last so many back, `epoch` begins the log anew.
   *
   * @param count How many messages. Default: 1.
   */
  gap(channel: ChannelIn<C>, reason: GapReason, count?: number): void

  // --- Presence ---

  /** Somebody else becomes present in a channel, or shows something else. */
  join<N extends ChannelIn<C>>(channel: N, user: string, data?: PresenceOutput<C, N>): void
  /** Somebody else is no longer present. */
  leave(channel: ChannelIn<C>, user: string): void
  /** Users who are present in a channel, clients included. */
  present(channel: ChannelIn<C>): ReadonlyArray<string | null>

  // --- Links ---

  /**
   * Ends all links. The client does what the code says: most have it come back.
   *
   * @param code A close code or its name, such as `ENDED`. Default: the network breaks, and what was under way is lost.
   */
  disconnect(code?: CloseCodeName | number): void
  /** Ends all links as a broken network does, and refuses new ones until {@link plug}. */
  unplug(): void
  /** The server can be reached again. */
  plug(): void
  /** Whether the log can be reached: if not, clients are told, and publishes fail with `UNAVAILABLE`. */
  setDegraded(degraded: boolean): void
  /** Tells all clients that their token expires. @param inMs When. Default: 30,000. */
  expireToken(inMs?: number): void
}
