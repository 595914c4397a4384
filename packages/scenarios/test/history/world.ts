import type { EndedEpoch, GapReason, HistoryEvent, LogEntry, Mode, Position, Since } from '../../src/history/index.js'

type Unstamped<E> = E extends unknown ? Omit<E, 'at'> : never

export const LOSSY_FAULTS = ['failover.lossy', 'backend.death']

/** A generation of a log, and the offset after which it began. */
interface Generation {
  readonly epoch: string
  readonly start: number
}

/** The log of one channel as a broker keeps it, with the lineage rule of DESIGN.md §6. */
class Log {
  first = 1
  head = 0
  entries: LogEntry[] = []
  generations: Generation[] = []

  constructor(private readonly newEpoch: () => string) {}

  get epoch(): string {
    return this.generations.at(-1)?.epoch ?? ''
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.head }
  }

  get ended(): EndedEpoch[] {
    return this.generations.slice(0, -1).map(({ epoch }, i) => ({ epoch, end: this.generations[i + 1]?.start ?? 0 }))
  }

  append(id: string): Position {
    if (!this.epoch) this.generations.push({ epoch: this.newEpoch(), start: 0 })
    this.entries.push({ offset: ++this.head, id })
    return this.position
  }

  trim(count: number): void {
    this.entries.splice(0, count)
    this.first = this.entries[0]?.offset ?? this.head + 1
  }

  /** Another replica takes over that lacks the last `lag` messages. */
  failover(lag: number): void {
    if (!this.epoch) return
    this.head = Math.max(this.head - lag, this.first - 1)
    this.entries = this.entries.filter(({ offset }) => offset <= this.head)
    // A generation that began with what is lost is unknown to this replica.
    if (lag) this.generations = this.generations.filter(({ start }, i) => i === 0 || start < this.head)
    if (this.head === 0) this.die()
    else this.generations.push({ epoch: this.newEpoch(), start: this.head })
  }

  die(): void {
    this.first = 1
    this.head = 0
    this.entries = []
    this.generations = []
  }

  limit(epoch: string): number | undefined {
    if (epoch === this.epoch) return this.head
    return this.ended.find((ended) => ended.epoch === epoch)?.end
  }

  keeps({ epoch, offset }: Position): boolean {
    return (epoch === '' && offset === 0) || offset <= (this.limit(epoch) ?? -1)
  }
}

interface Subscription {
  readonly subscriber: string
  readonly channel: string
  position: Position
  /** Every position it had, so that it can restart from an older one. */
  trail: Position[]
}

interface Ack {
  readonly publisher: string
  readonly channel: string
  readonly id: string
  readonly position: Position
}

/**
 * A small model of the whole system that keeps every promise and writes the history of it. It is not built with the
 * checker's code, so that the two judge each other.
 */
export class World {
  readonly events: HistoryEvent[] = []
  private at = 0
  private serial = 0
  private readonly logs = new Map<string, Log>()
  private readonly incarnations = new Map<string, string>()
  private readonly subscriptions = new Map<string, Subscription>()
  /** The last 100 acknowledgements of each publisher on each channel, as a client remembers them. */
  private readonly acks = new Map<string, Ack[]>()
  private readonly inFlight: Ack[] = []
  private readonly told = new Set<string>()
  private readonly publishers = new Set<string>()
  private readonly links = new Map<string, string>()
  private readonly modes = new Map<string, Mode>()

  log(channel: string): Log {
    let log = this.logs.get(channel)
    if (!log) {
      log = new Log(() => {
        const epoch = `e${++this.serial}`
        // The incarnation is that of the generation before; the first one begins its own.
        this.incarnations.set(epoch, this.incarnations.get(this.log(channel).epoch) ?? epoch)
        return epoch
      })
      this.logs.set(channel, log)
    }
    return log
  }

  /** Stored and acknowledged, or by `outcome`: acknowledged later, unknown though stored, unknown and not, refused. */
  publish(publisher: string, channel: string, outcome: 'ok' | 'late' | 'stored' | 'lost' | 'fail' = 'ok'): string {
    const id = `m${++this.serial}`
    this.publishers.add(publisher)
    this.write({ type: 'pub.invoke', publisher, channel, id })
    if (outcome === 'fail') {
      this.write({ type: 'pub.fail', publisher, channel, id, code: 'FORBIDDEN' })
      return id
    }
    const position = outcome === 'lost' ? undefined : this.log(channel).append(id)
    if (outcome === 'late' && position) this.inFlight.push({ publisher, channel, id, position })
    else if (outcome === 'ok' && position) this.acknowledge({ publisher, channel, id, position })
    else this.write({ type: 'pub.unknown', publisher, channel, id, code: 'TIMEOUT' })
    return id
  }

  /** Replies that were on their way arrive; what was lost meanwhile may be stored again first, by a retry. */
  replies(retry = false): void {
    for (const ack of this.inFlight.splice(0)) {
      const log = this.log(ack.channel)
      const again = retry && !log.keeps(ack.position)
      this.acknowledge(again ? { ...ack, position: log.append(ack.id) } : ack)
    }
  }

  subscribe(subscriber: string, channel: string, since?: Since): void {
    const key = `${subscriber} ${channel}`
    if (this.subscriptions.has(key)) return
    const log = this.log(channel)
    let position = log.position
    if (since === 'start') position = { epoch: log.epoch, offset: log.first - 1 }
    else if (since && 'epoch' in since) position = since
    else if (since) position = { epoch: log.epoch, offset: Math.max(log.first - 1, log.head - since.last) }
    this.subscriptions.set(key, { subscriber, channel, position, trail: [position] })
    this.write({ type: 'sub.ok', subscriber, channel, position, ...(since === undefined ? {} : { requested: since }) })
  }

  unsubscribe(subscriber: string, channel: string): Position | undefined {
    const key = `${subscriber} ${channel}`
    const subscription = this.subscriptions.get(key)
    if (!subscription) return undefined
    this.subscriptions.delete(key)
    this.write({ type: 'sub.end', subscriber, channel })
    return subscription.position
  }

  /** Recovers, then takes up to `most` messages. */
  deliver(subscriber: string, channel: string, most = Infinity): void {
    const subscription = this.subscriptions.get(`${subscriber} ${channel}`)
    if (!subscription) return
    this.recover(subscription)
    const { epoch, entries } = this.log(channel)
    const next = entries.filter(({ offset }) => offset > subscription.position.offset).slice(0, most)
    for (const { offset, id } of next) {
      const position = { epoch, offset }
      this.move(subscription, position)
      this.write({ type: 'deliver', subscriber, channel, id, position })
    }
  }

  /** The client is made anew and has stored where it stood `back` moves ago. */
  restart(subscriber: string, channel: string, back = 0): void {
    const subscription = this.subscriptions.get(`${subscriber} ${channel}`)
    if (!subscription) return
    const { trail } = subscription
    trail.length = Math.max(1, trail.length - back)
    subscription.position = trail.at(-1) ?? subscription.position
    this.write({ type: 'sub.restart', subscriber, channel, from: subscription.position })
  }

  /** Publishes a value: the log of a `latest` channel keeps nothing else. */
  value(publisher: string, channel: string): void {
    this.declare(channel, 'latest')
    this.publish(publisher, channel)
    const log = this.log(channel)
    log.trim(log.entries.length - 1)
  }

  /** Subscribes to a `latest` channel, directly before its newest value. */
  watch(subscriber: string, channel: string): void {
    this.declare(channel, 'latest')
    const { epoch, head, entries } = this.log(channel)
    this.subscribe(subscriber, channel, { epoch, offset: head - entries.length })
    this.look(subscriber, channel)
  }

  /** Takes the newest value, if it is another one. */
  look(subscriber: string, channel: string): void {
    const subscription = this.subscriptions.get(`${subscriber} ${channel}`)
    const { position, entries } = this.log(channel)
    const newest = entries.at(-1)
    if (!subscription || !newest) return
    const { epoch, offset } = subscription.position
    if (epoch === position.epoch && offset === position.offset) return
    this.move(subscription, position)
    this.write({ type: 'deliver', subscriber, channel, id: newest.id, position })
  }

  /** Another history serves a `latest` channel, and shows with its next value. */
  change(publisher: string, channel: string, lag: number): void {
    this.failover(channel, lag)
    this.value(publisher, channel)
  }

  listen(subscriber: string, channel: string): void {
    this.declare(channel, 'ephemeral')
    this.subscribe(subscriber, channel)
  }

  /** Sends something to an `ephemeral` channel, which every other subscriber gets, or all of them. */
  signal(publisher: string, channel: string, missing: boolean): void {
    this.declare(channel, 'ephemeral')
    const id = `m${++this.serial}`
    this.write({ type: 'pub.invoke', publisher, channel, id })
    for (const [i, subscription] of [...this.subscriptions.values()].entries()) {
      if (subscription.channel !== channel || (missing && i % 2)) continue
      const { subscriber, position } = subscription
      this.write({ type: 'deliver', subscriber, channel, id, position })
    }
  }

  failover(channel: string, lag = 0): void {
    this.write({ type: 'fault', kind: lag ? 'failover.lossy' : 'failover.clean', detail: { channel, lag } })
    if (lag) this.giveUp(channel)
    this.log(channel).failover(lag)
  }

  death(channel: string): void {
    this.write({ type: 'fault', kind: 'backend.death', detail: { channel } })
    this.giveUp(channel)
    this.log(channel).die()
  }

  /** Writes down how far a log has come that another history takes over from. */
  private giveUp(channel: string): void {
    const { position: head, ended } = this.log(channel)
    this.write({ type: 'undone', channel, head, ended })
  }

  trim(channel: string, count: number): void {
    this.log(channel).trim(count)
  }

  connect(client: string): void {
    const session = `session of ${client}`
    const older = this.links.get(client)
    const link = `l${++this.serial}`
    this.links.set(client, link)
    this.write({ type: 'link.open', node: 'n1', session, link })
    if (older) this.write({ type: 'link.close', node: 'n1', session, link: older })
    if (older) this.write({ type: 'conn.down', client, link: older, code: 1006 })
    this.write({ type: 'conn.up', client, session, node: 'n1', link })
    for (const channel of this.logs.keys()) this.tellLosses(client, channel)
  }

  bound(value: number): void {
    this.write({ type: 'bound', name: 'send queue', value, limit: 10 })
  }

  pass(ms: number): void {
    this.at += ms
  }

  /** Heals, lets everything settle and dumps the logs. */
  end(): HistoryEvent[] {
    this.write({ type: 'heal' })
    this.replies()
    for (const publisher of this.publishers) this.connect(publisher)
    for (const [channel, mode] of this.modes) if (mode === 'latest') this.value('p0', channel)
    for (const { subscriber, channel } of this.subscriptions.values()) {
      const mode = this.modes.get(channel)
      if (mode === 'latest') this.look(subscriber, channel)
      else if (!mode) this.deliver(subscriber, channel)
    }
    this.pass(10_000)
    this.write({ type: 'end' })
    for (const [channel, { epoch, entries, position, ended }] of this.logs) {
      this.write({ type: 'log', channel, epoch, entries: [...entries], head: position })
      this.write({ type: 'lineage', channel, epoch, ended })
    }
    return this.events
  }

  private declare(channel: string, mode: Mode): void {
    if (this.modes.has(channel)) return
    this.modes.set(channel, mode)
    this.write({ type: 'channel', channel, mode })
  }

  private write(event: Unstamped<HistoryEvent>): void {
    this.at += 10
    this.events.push({ ...event, at: this.at })
  }

  private acknowledge(ack: Ack): void {
    const key = `${ack.publisher} ${ack.channel}`
    const acks = this.acks.get(key) ?? []
    this.write({ type: 'pub.ok', ...ack })
    this.tellLosses(ack.publisher, ack.channel)
    this.acks.set(key, [...acks.slice(-99), ack])
  }

  private tellLosses(publisher: string, channel: string): void {
    const log = this.log(channel)
    const acks = this.acks.get(`${publisher} ${channel}`) ?? []
    const lost = acks.filter(({ id, position }) => !this.told.has(id) && !log.keeps(position))
    if (!lost.length) return
    for (const { id } of lost) this.told.add(id)
    this.write({ type: 'rollback', publisher, channel, ids: lost.map(({ id }) => id) })
  }

  private recover(subscription: Subscription): void {
    const log = this.log(subscription.channel)
    const { epoch, offset } = subscription.position
    const limit = log.limit(epoch)
    if (epoch !== '' && epoch !== log.epoch) {
      if (limit === undefined) {
        const reason = this.incarnations.get(epoch) === this.incarnations.get(log.epoch) ? 'unknown' : 'epoch'
        const next = reason === 'epoch' ? { epoch: log.epoch, offset: log.first - 1 } : log.position
        this.gap(subscription, reason, offset, next.offset, next)
      } else if (offset > limit) {
        this.gap(subscription, 'rollback', limit + 1, offset, { epoch: log.epoch, offset: limit })
      } else {
        const { subscriber, channel } = subscription
        this.move(subscription, { epoch: log.epoch, offset })
        this.write({ type: 'rebase', subscriber, channel, from: epoch, end: limit, to: log.epoch })
      }
    }
    const last = subscription.position.offset
    if (log.first > last + 1) {
      const next = { epoch: log.epoch, offset: log.first - 1 }
      this.gap(subscription, last % 2 ? 'slow' : 'trimmed', last + 1, next.offset, next)
    }
  }

  private gap(subscription: Subscription, reason: GapReason, from: number, to: number, position: Position): void {
    const { subscriber, channel } = subscription
    this.move(subscription, position)
    this.write({ type: 'gap', subscriber, channel, reason, from, to, position })
  }

  private move(subscription: Subscription, position: Position): void {
    subscription.position = position
    subscription.trail.push(position)
  }
}
