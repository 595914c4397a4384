/** The limits of the protocol and their defaults. PROTOCOL.md §8. */
export const DEFAULT_LIMITS = /* @__PURE__ */ Object.freeze({
  /** Longest inbound message. A longer one closes the link with 1009. */
  messageBytes: 65_536,
  /** Time a new link has to send its `connect` frame. */
  connectTimeoutMs: 10_000,
  /** Longest channel name, in UTF-8. */
  channelNameBytes: 255,
  /** Channels a session may subscribe to at a time. */
  channels: 128,
  /** Publishes to one channel that may wait for their reply. */
  inFlight: 64,
  /** Frames of one link that may wait for their handler. */
  inboxFrames: 256,
  /** Messages a link may send in a second, in the long run. */
  messagesPerSecond: 50,
  /** Messages a link may send at once after a pause. */
  messageBurst: 100,
  /** Messages above that rate, a fifth of them forgiven each second, with which a link is closed with 4504. */
  excessMessages: 5_000,
  /** Bytes a link may send in a second, in the long run. What comes in four seconds may come at once. */
  bytesPerSecond: 4_194_304,
  /** Links a node holds. */
  connections: 50_000,
  /** Links a node holds from one address; of IPv6 its first 64 bits count. */
  connectionsPerAddress: 1_000,
  /** Links of a node that are not authenticated yet. */
  handshakes: 5_000,
  /** Longest publication `id` and idempotency `key`, in UTF-8. */
  idBytes: 64,
  /** Largest `meta`, as JSON in UTF-8. */
  metaBytes: 1_024,
  /** Queued bytes above which a link gets no publications; its subscriptions fall behind and are refilled. */
  sendQueueSoftBytes: 262_144,
  /** Queued bytes above which a link is closed with 4003. */
  sendQueueHardBytes: 1_048_576,
  /** Messages a log keeps. */
  logMessages: 1_000,
  /** Age up to which a log keeps messages. */
  logAgeMs: 300_000,
  /** Bytes of data a log keeps. */
  logBytes: 1_048_576,
  /** Time after which a channel without a publish is forgotten, its log and epoch included. */
  channelTtlMs: 3_600_000,
  /** Generations of a channel whose ends are kept. */
  lineageGenerations: 16,
  /** Messages one page of a recovery holds. A subscriber that is behind gets as many pages as it needs. */
  recoveryPageMessages: 100,
  /** Messages in one page of history. */
  historyMessages: 100,
  /** Time for which a publish is recognised as a repeat. */
  dedupeMs: 300_000,
  /** Latest numbers of a producer whose positions are kept. */
  producerPositions: 64,
  /** Time for which a session without a link can be resumed. */
  sessionTtlMs: 120_000,
  /** Attributes of a session, as JSON in UTF-8. */
  attributesBytes: 4_096,
  /** Members of a channel's presence up to which they are listed; above it they are only counted. */
  presenceMembers: 1_000,
  /** Largest data of a member, as JSON in UTF-8. */
  presenceBytes: 4_096,
  /** Time after the end of a link until its session leaves, so that a reconnect goes unseen. */
  presenceGraceMs: 12_000,
  /** Time after which members of a node that died are no longer present. */
  presenceTtlMs: 60_000,
  /** Longest name of a method, in UTF-8. */
  methodBytes: 255,
  /** Calls of one side of a link that may wait for their answer. */
  calls: 64,
  /** Time a method may take. */
  callTimeoutMs: 30_000,
  /** Time before the expiry of a token at which its client is told. */
  expiryNoticeMs: 30_000,
  /** Interval of the server's pings. */
  heartbeatMs: 25_000,
  /** Silence after a ping that ends a link with 4004. */
  heartbeatTimeoutMs: 10_000,
})

/** The limits by name; sizes in bytes, times in milliseconds, counts in nothing. */
export type Limits = { readonly [K in keyof typeof DEFAULT_LIMITS]: number }
