import {
  channelTemplate,
  DEFAULT_LIMITS,
  type Contract,
  type Data,
  type Limits,
  type MessageOutput,
  type Meta,
  type Mode,
  type NameOf,
  type ParamsOf,
  type PresenceOutput,
} from '@org/realtime-protocol'
import type { Credentials } from './core/admission.js'
import type { Attributes } from './core/attributes.js'
import {
  PERSONAL,
  type Declaration,
  type Identity,
  type PresenceRule,
  type PublishRule,
  type SubscribeRule,
} from './core/declarations.js'
import { RealtimeError } from './core/wire-errors.js'
import type { Backend, Clock, Logger, Metrics, Random } from './ports/index.js'
import { resolveRetention } from './retention.js'
import type { Origins } from './ws/origins.js'
import type { TrustedProxies } from './ws/trusted-proxies.js'

/** Who somebody is, as `authenticate` says. */
export interface Authenticated<User extends Identity = Identity> {
  /** The user; `null` for an anonymous one. Rules get it as it is; others see only its `id`. */
  readonly user: User | null
  /** Sent to this connection only, with the welcome. Any JSON value. */
  readonly hello?: Data
  /** When the token expires: milliseconds since 1970, or a date. Default: never. */
  readonly expiresAt?: number | Date | undefined
}

/** Settings of a server. */
export interface ServerOptions<User extends Identity = Identity> {
  /**
   * Decides who may connect, on every connect and resume. `null` or an error thrown turns the client away with 4500; it
   * then asks its application for a new token. Throw an error with `retryable: true` when the fault is here (a database
   * that is down): the client tries again with the same token. Default: everybody is anonymous.
   */
  readonly authenticate?: (credentials: Credentials) => Authenticated<User> | null | Promise<Authenticated<User> | null>
  /**
   * Whether every user has a personal channel: a log that `publishToUser` writes to, and that only sessions of this user
   * can read. Default: false.
   */
  readonly personal?: boolean | PersonalOptions
  /** Where logs and sessions live. Default: a memory backend of its own. */
  readonly backend?: Backend
  /** Path of the endpoint; requests for other paths are left to others, if there are any. Default: `/realtime`. */
  readonly path?: string
  /**
   * Origins whose pages may connect: exact ones (`https://app.example.com`), all subdomains of one
   * (`https://*.example.com`), `null` for pages without one; or a function, of which only `true` is a yes. Others get
   * HTTP 403. Clients that are no browsers send no origin, and pass. Default: every page may connect that brings neither
   * cookies nor other credentials of this host; pages of the same host may bring them.
   */
  readonly origins?: Origins
  /**
   * Proxies in front of this server whose `X-Forwarded-For` and `X-Forwarded-Host` are believed: their addresses and
   * ranges (`['10.0.0.0/8', '::1']`), or how many a request passes (`1`). The address of a client is then the last one
   * that none of them vouches for. Default: none, and the headers are ignored.
   */
  readonly trustedProxies?: TrustedProxies
  /** Bounds that differ from the defaults of PROTOCOL.md §8. */
  readonly limits?: Partial<ServerLimits>
  /**
   * Longest time that a message of a busy channel waits, in milliseconds, so that those that follow it go to each link in
   * the same write: a write costs far more than the message. A channel is busy when at least two messages come in that
   * time, over eight such times; below that nothing waits, and neither do answers. 0: never. Default: 4, so from 500
   * messages a second on.
   */
  readonly writeDelayMs?: number
  /** Where to report. Secrets are taken out before. Default: nowhere. */
  readonly logger?: Logger
  /** Where numbers go: `prometheus()` of `@org/realtime-server/metrics`, or your own. Default: nowhere. */
  readonly metrics?: Metrics
  /** Time; for tests. Default: the clock of the machine. */
  readonly clock?: Clock
  /** Chance and digests; for tests. Default: Node's crypto module. */
  readonly random?: Random
}

/** The limits a server can set. The others are part of the protocol or of the log, the same for every server. */
export type ServerLimits = Omit<
  Limits,
  | 'channelNameBytes'
  | 'idBytes'
  | 'metaBytes'
  | 'lineageGenerations'
  | 'dedupeMs'
  | 'producerPositions'
  | 'methodBytes'
  | 'calls'
>

/** Who asks for something. */
export interface RuleContext<User extends Identity> {
  /** What `authenticate` returned; `null` for an anonymous one. */
  readonly user: User | null
  /** Public id of the session. */
  readonly session: string
  /** What `realtime.setAttributes` gave the session, as of now. */
  readonly attributes: Attributes
  /** The channel asked for. */
  readonly channel: string
}

/** A message somebody wants to publish. */
export interface PublishContext<User extends Identity, Message> extends RuleContext<User> {
  /** The data, as the schema of the channel gave it. */
  readonly data: Message
  /** What travels for tools. */
  readonly meta?: Meta | undefined
}

/** Somebody who wants to be present in a channel. */
export interface PresenceContext<User extends Identity, Shown> extends RuleContext<User> {
  /** What it would show of itself, as the schema of the channel's presence gave it. */
  readonly data: Shown
}

/** How much of a channel's log is kept; whichever bound is met first. */
export interface LogOptions {
  /** Messages. Default: 1,000. */
  readonly messages?: number
  /** Age in milliseconds. Default: 300,000 (5 minutes). */
  readonly ageMs?: number
  /** Bytes of data, and so the largest message too. Default: 1,048,576 (1 MiB). */
  readonly bytes?: number
}

/** Settings of the personal channels. */
export interface PersonalOptions {
  /** How much of each user's log is kept. Default: as any log. */
  readonly log?: LogOptions
}

/** Settings of the channels of one template. */
export interface ChannelOptions<C extends Contract, Template extends string, User extends Identity> {
  /**
   * How messages are kept and delivered. Default: `log`.
   *
   * - `log`: every message once and in order, or a gap is told.
   * - `latest`: the newest value, for those who subscribe as well. Values in between may be skipped; never a gap.
   * - `ephemeral`: nothing is kept. Who is there and fast enough gets a message, at most once. Clients `send` to it.
   */
  readonly mode?: Mode
  /** Who may subscribe and read the history: everybody, nobody, or as a function decides. Default: nobody. */
  readonly subscribe?:
    | boolean
    | ((context: RuleContext<User>, params: ParamsOf<Template>) => boolean | Promise<boolean>)
  /**
   * Who may publish. A function can also replace the data, or refuse with a text that only the sender gets. Default:
   * nobody. `publish` of the server needs no rule.
   */
  readonly publish?:
    | boolean
    | ((
        context: PublishContext<User, MessageOutput<C, NameOf<Template>>>,
        params: ParamsOf<Template>,
      ) => PublishDecision | Promise<PublishDecision>)
  /**
   * Who may be present, so that others see that they are there: everybody, or as a function decides. Whoever may
   * subscribe may see who is present. Default: the channel has no presence, and asking for it fails with `UNSUPPORTED`.
   */
  readonly presence?:
    | boolean
    | ((
        context: PresenceContext<User, PresenceOutput<C, NameOf<Template>>>,
        params: ParamsOf<Template>,
      ) => boolean | Promise<boolean>)
  /** How much of the log is kept. Of a `latest` channel only `bytes` can be set, of an `ephemeral` one nothing. */
  readonly log?: LogOptions
  /** Time without a publish after which a channel nobody listens to is forgotten, in milliseconds. Default: 1 hour. */
  readonly channelTtlMs?: number
}

/** What a publish rule decides: no, yes, yes with other data, or no with a text that only the sender gets. */
export type PublishDecision = boolean | { readonly data: Data } | { readonly refuse: string }

/** Who waits for longer does not speak of realtime. */
const MAX_WRITE_DELAY_MS = 100

const MODES: readonly Mode[] = ['log', 'latest', 'ephemeral']

const FIXED_LIMITS: ReadonlyArray<Exclude<keyof Limits, keyof ServerLimits>> = [
  'channelNameBytes',
  'idBytes',
  'metaBytes',
  'lineageGenerations',
  'dedupeMs',
  'producerPositions',
  'methodBytes',
  'calls',
]

/** The limits of a server. @throws TypeError when one is unknown, not a whole number from 1, or does not fit another. */
export function resolveLimits(given: Partial<ServerLimits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw new TypeError(`limits.${name} does not exist`)
    if ((FIXED_LIMITS as readonly string[]).includes(name)) {
      throw new TypeError(`limits.${name} cannot be set: it is the same for every server`)
    }
    if (!Number.isSafeInteger(value) || value <= 0) throw new TypeError(`limits.${name} must be a whole number from 1`)
  }
  const limits: Limits = { ...DEFAULT_LIMITS, ...given }
  if (limits.sendQueueSoftBytes >= limits.sendQueueHardBytes) {
    throw new TypeError(
      'limits.sendQueueSoftBytes must be below limits.sendQueueHardBytes, or slow links are cut before they fall behind',
    )
  }
  if (limits.heartbeatTimeoutMs > limits.heartbeatMs) {
    throw new TypeError('limits.heartbeatTimeoutMs must not exceed limits.heartbeatMs')
  }
  if (limits.bytesPerSecond < limits.messageBytes) {
    throw new TypeError('limits.bytesPerSecond must not be below limits.messageBytes, or one message can be too much')
  }
  if (limits.inFlight > DEFAULT_LIMITS.producerPositions) {
    throw new TypeError(
      `limits.inFlight must not exceed ${DEFAULT_LIMITS.producerPositions}, or the outcome of a repeated publish can be forgotten`,
    )
  }
  if (limits.excessMessages < limits.inFlight) {
    throw new TypeError('limits.excessMessages must not be below limits.inFlight, or clients that obey are cut')
  }
  return limits
}

/** How long messages may wait to be written. @throws TypeError when it is no such time. */
export function resolveWriteDelay(given = 4): number {
  if (!Number.isSafeInteger(given) || given < 0 || given > MAX_WRITE_DELAY_MS) {
    throw new TypeError(`writeDelayMs must be a whole number from 0 to ${MAX_WRITE_DELAY_MS}`)
  }
  return given
}

/** A declaration from its options. @throws TypeError or RealtimeError when they cannot be served. */
export function resolveDeclaration<C extends Contract, Template extends string, User extends Identity>(
  contract: C,
  template: Template,
  options: ChannelOptions<C, Template, User>,
  limits: Limits,
): Declaration {
  const asked = options as { personal?: unknown }
  const { mode = 'log', log, channelTtlMs } = options
  if (template.startsWith(PERSONAL)) {
    throw new TypeError(
      `channel ${template}: names that begin with ${PERSONAL} are personal channels; see the option personal of the server`,
    )
  }
  if (asked.personal) {
    throw new TypeError(`channel ${template}: personal is an option of the server, not of a channel`)
  }
  if (!MODES.includes(mode)) {
    throw new RealtimeError(
      'UNSUPPORTED',
      `channel ${template}: there is no mode ${JSON.stringify(mode)}; use ${MODES.join(', ')}`,
    )
  }
  // The types of rules follow the contract, which the engine does not know: it hands them what the schema gave.
  return {
    template: channelTemplate(template),
    mode,
    schema: contract.channels?.[template]?.message,
    subscribe: rule(options.subscribe as boolean | SubscribeRule | undefined),
    publish: rule(options.publish as boolean | PublishRule | undefined),
    presence: options.presence ? rule(options.presence as true | PresenceRule) : undefined,
    presenceSchema: contract.channels?.[template]?.presence,
    retention: resolveRetention(template, mode, { log, channelTtlMs }, limits),
  }
}

/**
 * What holds for the personal channels of all users; `undefined` when there are none.
 *
 * @throws TypeError when the options make no sense.
 */
export function resolvePersonal(
  { personal: schemas }: Contract,
  personal: boolean | PersonalOptions,
  limits: Limits,
): Declaration | undefined {
  if (!personal) return undefined
  const { log } = personal === true ? {} : personal
  // A message for a user who is away must not go before its age.
  const channelTtlMs = Math.max(limits.channelTtlMs, log?.ageMs ?? 0)
  return {
    template: channelTemplate(PERSONAL),
    mode: 'log',
    schema: schemas?.message,
    subscribe: () => true,
    publish: () => false,
    retention: resolveRetention(PERSONAL, 'log', { log, channelTtlMs }, limits),
  }
}

function rule<R extends SubscribeRule | PublishRule | PresenceRule>(
  given: boolean | R | undefined,
): R | (() => boolean) {
  return typeof given === 'function' ? given : () => given ?? false
}
