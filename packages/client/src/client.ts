import type {
  ChannelIn,
  Contract,
  Data,
  MessageInput,
  MessageOutput,
  MethodIn,
  MethodInput,
  MethodOutput,
  MethodReceived,
  MethodReturned,
  MethodsOf,
  NameOf,
  OutputOf,
  PresenceInput,
  PresenceOutput,
  StandardSchema,
} from '@org/realtime-protocol'
import { Channel } from './channel.js'
import { MAX_OUTBOX_AGE_MS } from './core/bounds.js'
import type { ClientState, OutboxEntry } from './core/events.js'
import { shown } from './core/outbox.js'
import { describe } from './core/session-machine.js'
import { createEngine, type Engine } from './engine.js'
import type { ClientEvents, ListenOptions } from './events.js'
import { listen, until } from './listening.js'
import { asyncDispose } from './messages.js'
import type { CallOptions, ChannelOptions, ClientOptions, MethodContext, WaitOptions } from './options.js'
import { ask } from './requests.js'
import { serve } from './serving.js'
import { put } from './shell.js'

/**
 * A connection to a realtime server that takes care of itself: it connects when it is first needed, comes back when it
 * is lost, and loses no message in silence. Making one does nothing else.
 */
export class RealtimeClient<C extends Contract = Contract> {
  declare private readonly engine: Engine
  declare private readonly contract: Contract | undefined

  /**
   * @param url Address of the server, `ws:` or `wss:`.
   * @param options All have defaults.
   * @throws TypeError when the address is none, or `outbox.ageMs` is above 240,000.
   */
  constructor(url: string, options: ClientOptions = {}) {
    if (!/^wss?:/i.test(url)) throw new TypeError(`no ws address: ${url}`)
    // Past that, a server may have forgotten the first attempt, and would store the second one as well.
    if ((options.outbox?.ageMs ?? 0) > MAX_OUTBOX_AGE_MS) throw new TypeError(`outbox.ageMs > ${MAX_OUTBOX_AGE_MS}`)
    Object.assign(this, { engine: createEngine(url, options), contract: options.contract })
  }

  /** What the connection is doing. */
  get state(): ClientState {
    return describe(this.engine, this.engine.clock.now())
  }

  /** Public id of the session, once there was a connection. */
  get session(): string | undefined {
    return this.engine.connected?.session.id
  }

  /** Id of the user, once there was a connection; `null` for an anonymous one. */
  get user(): string | null | undefined {
    return this.engine.connected?.user
  }

  /** What the application said to the latest connection. */
  get hello(): Data {
    return this.engine.connected?.hello
  }

  /** Publishes that wait for their acknowledgement, oldest first. */
  get outbox(): readonly OutboxEntry[] {
    const entries = [...this.engine.requests.values()]
    return entries.filter(({ seq }) => seq).map(shown)
  }

  /** Connects, if nothing did yet. While waiting for the next attempt, shortens the wait to what is decent. */
  connect(): void {
    put(this.engine, { type: 'connect' })
  }

  /**
   * Waits until the client is connected, and connects if nothing did yet.
   *
   * @throws {@link RealtimeError} `CLOSED`, or why the client ended; `ABORTED`.
   */
  ready({ signal }: WaitOptions = {}): Promise<void> {
    if (this.state.status === 'idle') this.connect()
    return until(this.engine, '', 'connected', signal)
  }

  /**
   * A handle on a channel. Opens nothing by itself.
   *
   * @throws {@link RealtimeError} `INVALID_CHANNEL` when this cannot be a channel name.
   */
  channel<const N extends ChannelIn<C>>(
    name: N,
    options: ChannelOptions = {},
  ): Channel<MessageInput<C, N>, MessageOutput<C, N>, PresenceInput<C, N>, PresenceOutput<C, N>> {
    return new Channel(this.engine, name, options.since)
  }

  /**
   * The channel of this user alone, whatever device it is on: what the server says to the user. Clients cannot publish
   * there, and an anonymous one has none.
   */
  get personal(): PersonalOf<C> {
    return new Channel(this.engine, '@') as unknown as PersonalOf<C>
  }

  /**
   * Calls a method of the server. Waits in the outbox while there is no link, and is sent at most once: if its link ends
   * before the answer, the call fails, unless it is idempotent. Calls run side by side, 64 at a time.
   *
   * @throws {@link RealtimeError} what the method threw; `UNKNOWN_METHOD`, `INVALID_DATA`, `RATE_LIMITED` and others of
   * the server; `UNKNOWN_OUTCOME` when it was sent and no answer came; `TIMEOUT` when it had no effect, or may be
   * repeated; `OUTBOX_FULL`, `TOO_LARGE`, `ABORTED`, `CLOSED`.
   */
  call<const N extends MethodIn<C, 'methods'>>(
    name: N,
    ...[input, options]: CallArguments<MethodInput<MethodsOf<C, 'methods'>[N]>>
  ): Promise<MethodOutput<MethodsOf<C, 'methods'>[N]>> {
    const { signal, timeoutMs, meta, idempotent = this.contract?.methods?.[name]?.idempotent } = options ?? {}
    const fields = { method: name, data: input, meta }
    return ask(this.engine, { type: 'call', line: '', fields, timeoutMs, idempotent }, signal)
  }

  /**
   * Serves a method to the server, in place of the handler it had. The handler's answer is what it returns or resolves
   * with; the code and the message of a {@link RealtimeError} it throws go to the caller, of anything else only that it
   * failed. At most 64 calls run at a time; more are refused with `RATE_LIMITED`.
   *
   * @returns A function that ends the serving. Calls that run go on.
   */
  method<const N extends MethodIn<C, 'clientMethods'>>(
    name: N,
    handler: (
      input: MethodReceived<MethodsOf<C, 'clientMethods'>[N]>,
      context: MethodContext,
    ) =>
      | MethodReturned<MethodsOf<C, 'clientMethods'>[N]>
      | PromiseLike<MethodReturned<MethodsOf<C, 'clientMethods'>[N]>>,
  ): () => void {
    return serve(this.engine, name, handler)
  }

  /**
   * Listens.
   *
   * @returns A function that ends the listening.
   */
  on<E extends keyof ClientEvents>(
    event: E,
    listener: (event: ClientEvents[E]) => void,
    options?: ListenOptions,
  ): () => void {
    return listen(this.engine, '', event, listener, options)
  }

  /**
   * Says goodbye and ends the client for good. Publishes that were never sent fail with `CLOSED`, sent ones with
   * `UNKNOWN_OUTCOME`. Closing twice is closing once.
   */
  async close(): Promise<void> {
    put(this.engine, { type: 'close' })
  }

  /** `await using` closes the client, where the runtime knows it. */
  [asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** A channel of a contract, by its template or by one of its names: `ChannelOf<typeof app, 'room:{roomId}'>`. */
export type ChannelOf<C extends Contract, N extends string> = Channel<
  MessageInput<C, NameOf<N>>,
  MessageOutput<C, NameOf<N>>,
  PresenceInput<C, NameOf<N>>,
  PresenceOutput<C, NameOf<N>>
>

/** The channel of a user of a contract. */
export type PersonalOf<C extends Contract> = C extends {
  readonly personal: { readonly message: infer S extends StandardSchema }
}
  ? Channel<never, OutputOf<S>>
  : Channel<never>

/** What follows the name in a call. What may be undefined may be left out. */
export type CallArguments<In> = undefined extends In
  ? readonly [input?: In, options?: CallOptions]
  : readonly [input: In, options?: CallOptions]
