import { CLOSE_CODES } from '@org/realtime-protocol'
import type { Metric, Metrics } from '../ports/index.js'
import { Tally } from './tally.js'

/** What there is at the moment, as somebody can count it. */
export interface Census {
  readonly connections: number
  readonly sessions: number
  readonly channels: number
  readonly subscriptions: number
  /** Sessions that are present in a channel, once for each. */
  readonly members: number
  /** How often sessions have entered and left here so far. */
  readonly presence: { readonly joins: number; readonly leaves: number }
  /** Bytes that wait for slow links. */
  readonly queuedBytes: number
  /** Bytes that the links of now have received. */
  readonly receivedBytes: number
  /** Frames, bytes and writes so far. */
  readonly sent: { readonly frames: number; readonly bytes: number; readonly writes: number }
  /** 1 while the log cannot be reached. */
  readonly degraded: number
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const OURS = new Set<number>(Object.values(CLOSE_CODES).map(({ code }) => code))

/**
 * A close code as it is counted. A peer may end its link with any of 2,000 codes, and each would be a number of its own
 * for as long as the node runs: those that mean nothing here go by their hundreds, such as `43xx`.
 */
export function codeLabel(code: number): string {
  return code < 3_000 || OURS.has(code) ? String(code) : `${Math.floor(code / 100)}xx`
}

/** All that a node counts. Counting is an addition; the sum is made when somebody reads it. */
export class Instruments {
  /** Links taken. */
  opened = 0
  /** Messages received. */
  received = 0
  /** Bytes received by links that have ended. */
  receivedBytes = 0
  /** Subscriptions that fell behind because their link was slow. */
  slow = 0
  /** Messages of ephemeral channels that were not sent to a link because it was slow. */
  dropped = 0
  /** Publications read from the log for those who were behind. */
  recovered = 0
  /** Links that ended, by close code; see {@link codeLabel}. */
  readonly closed = new Tally()
  /** Connects that were turned away, by close code. */
  readonly refused = new Tally()
  /** Requests to enter that were refused, by error code. */
  readonly presenceRefused = new Tally()
  /** Readings of the log for subscribers, by what they found: `whole`, or the reason of the gap. */
  readonly recoveries = new Tally()
  /** Refusals by limit. */
  readonly limited = new Tally()
  /** Operations of the backend that failed. */
  readonly failures = new Tally()
  /** Records how long a publish took to be stored, in seconds. */
  readonly publishTook: (seconds: number) => void
  /** Records how old a publication was when this node got it, in seconds. */
  readonly deliveryTook: (seconds: number) => void
  /** Records how long a peer took to answer a ping, in seconds. */
  readonly pingTook: (seconds: number) => void

  constructor(metrics: Metrics, census: () => Census) {
    const gauge = (name: string, help: string, read: (census: Census) => number) =>
      metrics.register({ type: 'gauge', name: `realtime_${name}`, help, read: () => read(census()) })
    const counter = (name: string, help: string, read: Metric['read'], label?: string) =>
      metrics.register({ type: 'counter', name: `realtime_${name}`, help, read, ...(label ? { label } : {}) })
    const seconds = (name: string, help: string) =>
      metrics.distribution({ name: `realtime_${name}_seconds`, help, buckets: SECONDS })

    gauge('connections', 'Links that are open.', ({ connections }) => connections)
    gauge('sessions', 'Sessions with a link.', ({ sessions }) => sessions)
    gauge('channels', 'Channels somebody here subscribes to.', ({ channels }) => channels)
    gauge('subscriptions', 'Subscriptions of all links.', ({ subscriptions }) => subscriptions)
    gauge('presence_members', 'Sessions present in a channel, once for each channel.', ({ members }) => members)
    gauge('outbound_queue_bytes', 'Bytes that wait for slow links.', ({ queuedBytes }) => queuedBytes)
    gauge('degraded', 'Whether the log cannot be reached: 1 or 0.', ({ degraded }) => degraded)

    const directions = (inward: () => number, outward: () => number) => () =>
      new Map([
        ['in', inward()],
        ['out', outward()],
      ])
    const frames = directions(
      () => this.received,
      () => census().sent.frames,
    )
    const bytes = directions(
      () => this.receivedBytes + census().receivedBytes,
      () => census().sent.bytes,
    )
    counter('messages_total', 'Messages, in and out.', frames, 'direction')
    counter('message_bytes_total', 'Bytes received from sockets, and bytes of messages sent.', bytes, 'direction')
    counter('writes_total', 'Socket writes; one carries all messages of a turn.', () => census().sent.writes)

    counter('connections_opened_total', 'Links taken.', () => this.opened)
    counter('connections_closed_total', 'Links that ended, by close code.', () => this.closed.parts, 'code')
    counter('auth_failures_total', 'Connects turned away, by close code.', () => this.refused.parts, 'code')
    counter('recoveries_total', 'Readings of the log, by verdict.', () => this.recoveries.parts, 'result')
    counter('recovered_messages_total', 'Publications read from the log for those behind.', () => this.recovered)
    counter('presence_joins_total', 'Times a session of this node entered.', () => census().presence.joins)
    counter('presence_leaves_total', 'Times a session of this node left.', () => census().presence.leaves)
    counter('presence_refused_total', 'Refusals to enter, by error.', () => this.presenceRefused.parts, 'code')
    counter('slow_consumers_total', 'Times a subscription fell behind a slow link.', () => this.slow)
    counter('ephemeral_dropped_total', 'Messages of ephemeral channels that slow links missed.', () => this.dropped)
    counter('limited_total', 'Refusals, by limit.', () => this.limited.parts, 'limit')
    counter('broker_errors_total', 'Operations of the backend that failed.', () => this.failures.parts, 'operation')

    this.publishTook = seconds('publish_duration', 'Time until a publish was stored.')
    this.deliveryTook = seconds('delivery_latency', 'Age of a publication when this node got it.')
    this.pingTook = seconds('ping_rtt', 'Time until a peer answered a ping.')
  }
}
