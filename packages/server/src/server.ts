import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { Duplex } from 'node:stream'
import type {
  ChannelIn,
  Contract,
  MessageInput,
  MessageOutput,
  MethodIn,
  MethodInput,
  MethodOutput,
  MethodsOf,
  PersonalInput,
  PresenceOutput,
  TemplateIn,
} from '@org/realtime-protocol'
import { methodContract, type CallArguments, type Method } from './calls.js'
import { asChanges, attributesOf, type Attributes } from './core/attributes.js'
import { drainPace, type CloseOptions } from './closing.js'
import { Declarations, PERSONAL, type Identity } from './core/declarations.js'
import type { DrainPace } from './core/drain.js'
import type { MethodHandler } from './core/methods.js'
import type { Node } from './core/node.js'
import type { PlainHandler } from './core/plain-connection.js'
import type { PresentMembers } from './core/presence.js'
import type { Reached } from './core/reach.js'
import { readHistory, type History } from './core/reading.js'
import type { Target } from './core/target.js'
import { isWireError, RealtimeError } from './core/wire-errors.js'
import { Endpoint, type AttachOptions } from './endpoint.js'
import type { Health } from './http/health.js'
import {
  resolveDeclaration,
  resolveLimits,
  resolvePersonal,
  type ChannelOptions,
  type ServerOptions,
} from './options.js'
import type { Handshake, Transport, TransportHandler } from './ports/index.js'
import {
  checkMeta,
  draft,
  published,
  type HistoryOptions,
  type Published,
  type PublishOptions,
} from './publications.js'
import {
  dismissal,
  totals,
  waitMs,
  type DisconnectOptions,
  type KnownSession,
  type LiveSessions,
  type ReachOptions,
  type Totals,
} from './sessions.js'
import { createNode } from './wiring.js'

/**
 * A realtime server inside your own HTTP server. Constructing one opens nothing; {@link attach} it, or hand it upgrade
 * requests with {@link handleUpgrade}.
 */
export class RealtimeServer<const C extends Contract = Contract, User extends Identity = Identity> {
  private readonly contract: C
  private readonly declarations = new Declarations()
  private readonly node: Node
  private readonly endpoint: Endpoint
  private closing: Promise<void> | undefined

  /**
   * @param contract What clients and this server agree on. Without one, declare channels with {@link channel}.
   * @param options Settings.
   * @throws TypeError when a setting makes no sense; the message says which and why.
   */
  constructor(contract?: C, options: ServerOptions<User> = {}) {
    const { path, origins, trustedProxies } = options
    const limits = resolveLimits(options.limits)
    this.contract = contract ?? ({} as C)
    this.node = createNode(options, limits, this.declarations)
    this.endpoint = new Endpoint(this.node, path, { messageBytes: limits.messageBytes, origins, trustedProxies })
    for (const template of Object.keys(this.contract.channels ?? {})) {
      this.declarations.set(resolveDeclaration(this.contract, template, {}, limits))
    }
    this.declarations.personal = resolvePersonal(this.contract, options.personal ?? false, limits)
  }

  /**
   * Declares the channels of a template: who may subscribe and publish, and how much is kept. What is not opened here
   * stays closed to clients.
   *
   * @throws TypeError or {@link RealtimeError} `UNSUPPORTED` when the options cannot be served.
   */
  channel<Template extends TemplateIn<C>>(template: Template, options: ChannelOptions<C, Template, User> = {}): this {
    this.declarations.set(resolveDeclaration(this.contract, template, options, this.node.limits))
    return this
  }

  /**
   * Serves the upgrade requests of an HTTP server on one path. Requests for other paths are left alone, so other
   * WebSocket servers can share the HTTP server; where nobody else listens for upgrades, they get HTTP 404.
   *
   * @returns A function that stops listening; links that are open stay open.
   */
  attach(httpServer: HttpServer, options: AttachOptions = {}): () => void {
    return this.endpoint.attach(httpServer, options)
  }

  /**
   * Takes one upgrade request, for those who route upgrades themselves.
   *
   * @returns Whether the request was for the `path` of this server. If not, it was left alone.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.endpoint.handle(request, socket, head)
  }

  /**
   * Takes WebSockets without our subprotocol as well, which are refused otherwise: text in, text out, and channels that
   * the handler has them join. Any WebSocket client can be one.
   */
  plain(handler: PlainHandler): this {
    this.node.door.plainHandler = handler
    return this
  }

  /**
   * Takes a plain link that did not come by HTTP.
   *
   * @throws TypeError when plain connections were not switched on by {@link plain}.
   */
  acceptPlain(transport: Transport, handshake: Handshake): TransportHandler {
    return this.node.door.acceptPlain(transport, handshake)
  }

  /** Takes a link that did not come by HTTP: from another runtime, or from a test. */
  accept(transport: Transport, handshake: Handshake): TransportHandler {
    return this.node.door.accept(transport, handshake)
  }

  /**
   * Publishes a message from the server. Needs no rule; the schema of the channel holds.
   *
   * @returns Where it was stored.
   * @throws {@link RealtimeError} `UNKNOWN_CHANNEL`, `INVALID_CHANNEL`, `INVALID_DATA`, `TOO_LARGE`, `UNSUPPORTED` (a `key`
   * for an `ephemeral` channel, which keeps nothing to know it by), or `UNAVAILABLE`
   * (retryable; pass a `key` to make sure that a repeat takes effect once).
   */
  async publish<Name extends ChannelIn<C>>(
    channel: Name,
    data: MessageInput<C, Name>,
    options: PublishOptions = {},
  ): Promise<Published> {
    return published(await this.node.publishing.fromServer(draft(this.node.random.id(), channel, data, options)))
  }

  /**
   * Publishes a message to the personal channel of a user, for all devices of this user, now or when they come back. The
   * schema `personal.message` of the contract holds.
   *
   * @param user Id of the user, 1 to 254 bytes.
   * @returns Where it was stored.
   * @throws {@link RealtimeError} `UNKNOWN_CHANNEL` when the option `personal` is off, `INVALID_CHANNEL` when the id can
   * name no channel, `INVALID_DATA`, `TOO_LARGE`, or `UNAVAILABLE` (retryable; pass a `key` to make sure that a repeat
   * takes effect once).
   */
  async publishToUser(user: string, data: PersonalInput<C>, options: PublishOptions = {}): Promise<Published> {
    return published(await this.node.publishing.toUser(user, draft(this.node.random.id(), PERSONAL, data, options)))
  }

  /**
   * Reads the log of a channel, oldest message first.
   *
   * @throws {@link RealtimeError} `POSITION_LOST` when the position is not part of the kept history, `UNSUPPORTED` when the
   * channel is `ephemeral`, or `UNAVAILABLE`.
   */
  async history<Name extends ChannelIn<C>>(
    channel: Name,
    options: HistoryOptions = {},
  ): Promise<History<MessageOutput<C, Name>>> {
    const page = await readHistory(this.node, channel, { limit: this.node.limits.historyMessages, ...options })
    if (isWireError(page)) throw RealtimeError.from(page)
    // What the log holds is what the schema of the channel gave.
    return page as History<MessageOutput<C, Name>>
  }

  /**
   * Who is present in a channel. Needs no rule.
   *
   * @throws {@link RealtimeError} `UNKNOWN_CHANNEL`, `INVALID_CHANNEL`, `UNSUPPORTED` when the channel has no presence,
   * or `UNAVAILABLE`.
   */
  async presence<Name extends ChannelIn<C>>(channel: Name): Promise<PresentMembers<PresenceOutput<C, Name>>> {
    const present = await this.node.presence.present(channel)
    if (isWireError(present)) throw RealtimeError.from(present)
    // What the store holds is what the schema of the channel's presence gave.
    return present as PresentMembers<PresenceOutput<C, Name>>
  }

  /**
   * Serves a method to clients, in place of the handler it had. Input and answer are held to the schemas of the
   * contract. Code, message and `data` of a {@link RealtimeError} it throws go to the caller; of anything else the
   * caller learns `INTERNAL`, and the log the rest. A link has at most 64 calls at a time, which run side by side.
   *
   * @throws TypeError when the contract has methods, but not this one.
   */
  method<const Name extends MethodIn<C, 'methods'>>(
    name: Name,
    handler: Method<MethodsOf<C, 'methods'>[Name], User>,
  ): this {
    const schemas = methodContract(this.contract, 'methods', name)
    // The types of handlers follow the contract, which the engine does not know: it hands them what the schema gave.
    this.node.methods.set(name, schemas, handler as MethodHandler)
    return this
  }

  /**
   * Serves several methods: see {@link method}.
   *
   * @throws TypeError when the contract has methods, but not one of these.
   */
  methods(handlers: { readonly [Name in MethodIn<C, 'methods'>]?: Method<MethodsOf<C, 'methods'>[Name], User> }): this {
    for (const [name, handler] of Object.entries(handlers)) this.method(name as never, handler as never)
    return this
  }

  /**
   * Calls a method of a client: of one session, or of the session of a user that connected last. Sent at most once.
   *
   * @returns The answer, as the output schema gave it.
   * @throws {@link RealtimeError} what the client's method threw; `NOT_CONNECTED` when there is no link, `UNAVAILABLE`
   * when none was found and a node did not answer that may have it, `UNKNOWN_METHOD` when the client does not serve the method, `UNKNOWN_OUTCOME` when the link ended or the time was over,
   * `RATE_LIMITED` when the link has 64 calls or much to send already, `INVALID_DATA` for an input or answer that does
   * not fit its schema, `TOO_LARGE`, `ABORTED`.
   */
  async call<const Name extends MethodIn<C, 'clientMethods'>>(
    target: Target,
    method: Name,
    ...[input, options = {}]: CallArguments<MethodInput<MethodsOf<C, 'clientMethods'>[Name]>>
  ): Promise<MethodOutput<MethodsOf<C, 'clientMethods'>[Name]>> {
    const { timeoutMs = this.node.limits.callTimeoutMs, meta, signal } = options
    if (!(timeoutMs > 0)) throw new TypeError('timeoutMs must be a number of milliseconds above 0')
    checkMeta(meta)
    const schemas = methodContract(this.contract, 'clientMethods', method)
    const answer = await this.node.calling.call(target, schemas, { method, data: input, meta, timeoutMs }, signal)
    return answer as MethodOutput<MethodsOf<C, 'clientMethods'>[Name]>
  }

  /**
   * Subscribes sessions to a channel, also those between two links. No rule is asked, and the client need not ask: messages go to the channel's
   * listeners, or else to the `message` event of the client. The session keeps the subscription, also when it is resumed
   * on another node, until it is taken back, the client unsubscribes, or the session ends. To do it again changes nothing.
   *
   * @throws {@link RealtimeError} `UNKNOWN_CHANNEL`, `INVALID_CHANNEL`, `LIMIT_EXCEEDED` when a session has as many
   * channels as it may, `SUPERSEDED` when a session moved to another link meanwhile, or `UNAVAILABLE`. Then it may have
   * been done for some sessions, and can be repeated.
   */
  subscribe(target: Target, channel: ChannelIn<C>, options: ReachOptions = {}): Promise<Reached> {
    return this.node.reach.subscribe('subscribe', target, channel, waitMs(options))
  }

  /**
   * Ends subscriptions of sessions to a channel at once, also those that clients made, and what they watch of its
   * presence: they get `FORBIDDEN`. When a client asks again, and when a session between two links is resumed, the
   * subscribe rule decides, so change first what that goes by.
   *
   * @throws {@link RealtimeError} `UNAVAILABLE` or `SUPERSEDED`, when it could not be written that the server's own
   * subscription is taken back, or other nodes could not be asked. Repeat it then.
   */
  unsubscribe(target: Target, channel: ChannelIn<C>, options: ReachOptions = {}): Promise<Reached> {
    return this.node.reach.subscribe('unsubscribe', target, channel, waitMs(options))
  }

  /**
   * Sends sessions away, and those that are just connecting. With the default code the clients stop, and their sessions
   * are over; one between two links cannot be resumed, and its client gets a new one. What keeps somebody from coming back is `authenticate`: change first what that goes by.
   *
   * @throws TypeError when the code is not 4000 to 4999.
   * @throws {@link RealtimeError} `UNAVAILABLE` when other nodes could not be asked.
   */
  async disconnect(target: Target, options: DisconnectOptions = {}): Promise<Reached> {
    return this.node.reach.dismiss(target, dismissal(options), waitMs(options))
  }

  /**
   * The sessions of a target that have a link now, on all nodes.
   *
   * @throws {@link RealtimeError} `UNAVAILABLE` when other nodes could not be asked.
   */
  async sessions(target: Target, options: ReachOptions = {}): Promise<LiveSessions> {
    const { answers, complete } = await this.node.reach.sessions(target, waitMs(options))
    return { sessions: answers, complete }
  }

  /**
   * Changes attributes of sessions, also between two links: what the application remembers of a session, such as a chosen name. Each value
   * takes the place of the one before, `null` removes it, others stay. Rules and methods see them as `attributes`,
   * {@link session} reads them anywhere. They are kept through reconnects, on any node, for as long as the session. To do
   * it again changes nothing.
   *
   * @param changes JSON values by name. All attributes of a session take at most `attributesBytes` (4,096) as JSON.
   * @throws {@link RealtimeError} `INVALID_DATA` for what JSON cannot write, `TOO_LARGE`, `SUPERSEDED` when a session moved
   * to another link meanwhile, or `UNAVAILABLE`. Then it may have been done for some sessions, and can be repeated.
   */
  async setAttributes(target: Target, changes: Attributes, options: ReachOptions = {}): Promise<Reached> {
    const plain = asChanges(changes)
    if (isWireError(plain)) throw RealtimeError.from(plain)
    return this.node.reach.setAttributes(target, plain.changes, waitMs(options))
  }

  /**
   * A session by its public id, whichever node holds its link, and also while it has none but can be resumed.
   *
   * @returns `undefined` when it is over: after a goodbye, when it was sent away for good, or `sessionTtlMs` after its link.
   * @throws {@link RealtimeError} `UNAVAILABLE` when the backend cannot be reached.
   */
  async session(id: string): Promise<KnownSession | undefined> {
    const record = await this.node.readSession(id)
    if (!record) return undefined
    if (isWireError(record)) throw RealtimeError.from(record)
    const { user, subscriptions = [], attributes } = record
    return { session: id, user, attributes: attributesOf(attributes), subscriptions }
  }

  /**
   * How many links and sessions there are on all nodes. `connections` is the number of this one alone.
   *
   * @throws {@link RealtimeError} `UNAVAILABLE` when other nodes could not be asked.
   */
  async count(options: ReachOptions = {}): Promise<Totals> {
    return totals(await this.node.reach.counts(waitMs(options)))
  }

  /** How many links are open. */
  get connections(): number {
    return this.node.door.links.size
  }

  /** Whether this server means to stay: false from the call of {@link close} on. For the readiness check of a balancer. */
  get ready(): boolean {
    return this.node.isReady
  }

  /** How this server is. For health checks: see `healthChecks`. */
  get health(): Health {
    const { connections } = this
    const status = this.node.isDegraded ? 'degraded' : 'ok'
    return { status: this.ready ? status : 'draining', connections }
  }

  /**
   * Refuses new links, closes every open one with 4000 (clients come back, to another node or to the next process), and
   * lets go of the backend. With times, this is done gently; calling it again without any ends the waiting.
   *
   * @throws TypeError when a time is not a number from 0.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const pace = drainPace(options)
    if (this.closing && pace.drainMs === 0) this.node.hasten()
    this.closing ??= this.end(pace)
    return this.closing
  }

  private async end(pace: DrainPace): Promise<void> {
    await this.node.close(pace)
    this.endpoint.close()
  }
}
