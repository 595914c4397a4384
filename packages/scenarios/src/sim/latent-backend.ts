import type {
  Backend,
  BackendNode,
  Broker,
  Control,
  MemoryBackend,
  PresenceStore,
  SessionStore,
} from '@org/realtime-server'
import type { Chance } from './chance.js'
import type { LineageOracle } from './lineage-oracle.js'
import type { Process } from './process.js'
import type { VirtualTime } from './virtual-time.js'

/** What is wrong between a node and its backend. Changed while the simulation runs. */
export interface BackendWeather {
  /** Added to every trip of a request or an answer, at most. */
  extraMs: number
  /** Added to every trip of a publication, at most. */
  newsMs: number
  /** Probability that a request never arrives. */
  requestLoss: number
  /** Probability that an answer never arrives, although the request was carried out. */
  replyLoss: number
  /** Probability that a request arrives after its node has given it up. */
  requestDelay: number
  /** Probability that a publication does not reach a subscribed node. */
  deliveryLoss: number
}

/** Time after which a node takes an answer for lost. */
export const TIMEOUT_MS = 700
/** Longest time for which a request that was given up is still under way, as behind a connection that was replaced. */
const MOST_DELAY_MS = 5_000
const TRIP_MS = 4

type Handler = Parameters<Backend['join']>[0]

/**
 * A memory backend behind a network: requests and publications take time, keep their order on their connection, and can
 * be lost, as between a node and a store on another machine. Answers and publications travel apart.
 */
export class LatentBackend implements Backend {
  private lastRequest = 0
  private lastReply = 0
  private lastNews = 0

  constructor(
    private readonly inner: MemoryBackend,
    private readonly node: Process,
    private readonly time: VirtualTime,
    private readonly chance: Chance,
    private readonly weather: BackendWeather,
    private readonly oracle: LineageOracle,
    private readonly resyncMs: number,
  ) {}

  join(handler: Handler): BackendNode {
    const inner = this.inner.join({
      deliver: (channel, epoch, publication) => {
        if (this.chance.happens(this.weather.deliveryLoss)) return
        this.news(() => handler.deliver(channel, epoch, publication))
      },
      // Word of a failover takes its own way: publications of the new history can be faster.
      resync: () => void this.node.after(this.chance.between(0, this.resyncMs), () => handler.resync()),
      verify: (channel, head) => this.news(() => handler.verify(channel, head)),
      degraded: (isDegraded) => this.news(() => handler.degraded(isDegraded)),
      superseded: (id, owner) => this.news(() => handler.superseded(id, owner)),
      heard: (from, text) => {
        if (this.chance.happens(this.weather.deliveryLoss)) return
        this.news(() => handler.heard(from, text))
      },
      presenceChanged: (channel, change) => {
        if (this.chance.happens(this.weather.deliveryLoss)) return
        this.news(() => handler.presenceChanged(channel, change))
      },
    })
    return {
      broker: this.broker(inner.broker),
      sessions: this.sessions(inner.sessions),
      presence: this.presence(inner.presence),
      control: this.control(inner.control),
      close: () => inner.close(),
    }
  }

  private broker(inner: Broker): Broker {
    return {
      subscribe: (channel) => this.ask(() => inner.subscribe(channel)),
      unsubscribe: (channel) => this.ask(() => inner.unsubscribe(channel)),
      publish: (request) =>
        this.ask(async () => {
          const outcome = await inner.publish(request)
          if (outcome.kind === 'stored') this.oracle.stored(request.channel, outcome.position)
          return outcome
        }),
      relay: (channel, publication) => this.ask(() => inner.relay(channel, publication)),
      recover: (channel, since, limit) => this.ask(() => inner.recover(channel, since, limit)),
      history: (channel, query) => this.ask(() => inner.history(channel, query)),
    }
  }

  private sessions(inner: SessionStore): SessionStore {
    return {
      claim: (request) => this.write(() => inner.claim(request)),
      confirm: (id, owner) => this.write(() => inner.confirm(id, owner)),
      renew: (sessions) => this.write(() => inner.renew(sessions)),
      keep: (keeper, kept) => this.write(() => inner.keep(keeper, kept)),
      read: (id) => this.ask(() => inner.read(id)),
      release: (id, owner) => this.write(() => inner.release(id, owner)),
    }
  }

  private presence(inner: PresenceStore): PresenceStore {
    return {
      watch: (channel) => this.ask(() => inner.watch(channel)),
      unwatch: (channel) => this.ask(() => inner.unwatch(channel)),
      enter: (channel, entrant, ttlMs) => this.write(() => inner.enter(channel, entrant, ttlMs)),
      leave: (channel, leaver, ttlMs) => this.write(() => inner.leave(channel, leaver, ttlMs)),
      list: (channel, limit) => this.ask(() => inner.list(channel, limit)),
      renew: (renewals, ttlMs) => this.write(() => inner.renew(renewals, ttlMs)),
      reap: (channels) => this.write(() => inner.reap(channels)),
    }
  }

  private control(inner: Control): Control {
    return {
      node: inner.node,
      others: () => this.ask(() => inner.others()),
      broadcast: (text) => this.ask(() => inner.broadcast(text)),
      send: (node, text) => this.ask(() => inner.send(node, text)),
    }
  }

  /** A write of a store, which can arrive late: no rule says that another may not have come before it. */
  private write<T>(operation: () => Promise<T>): Promise<T> {
    return this.ask(operation, this.weather.requestDelay)
  }

  /** @param delay Probability that it arrives after it was given up. */
  private ask<T>(operation: () => Promise<T>, delay = 0): Promise<T> {
    const { chance, weather } = this
    return new Promise<T>((resolve, reject) => {
      const timeOut = () => this.node.after(TIMEOUT_MS, () => reject(new Error('the backend did not answer')))
      if (chance.happens(weather.requestLoss)) return void timeOut()
      if (chance.happens(delay)) {
        this.time.after(chance.between(TIMEOUT_MS, MOST_DELAY_MS), () => void operation().catch(() => undefined))
        return void timeOut()
      }
      this.lastRequest = this.trip(this.lastRequest, weather.extraMs, () => {
        operation().then(
          (value) => {
            if (chance.happens(weather.replyLoss)) timeOut()
            else this.lastReply = this.trip(this.lastReply, weather.extraMs, () => this.node.run(() => resolve(value)))
          },
          (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
        )
      })
    })
  }

  private news(action: () => void): void {
    this.lastNews = this.trip(this.lastNews, this.weather.newsMs, () => this.node.run(action))
  }

  /** Has something happen after a trip, not before what set out earlier; returns when. */
  private trip(last: number, extraMs: number, action: () => void): number {
    const { time, chance } = this
    const at = Math.max(last, time.now + chance.between(0.1, TRIP_MS + extraMs))
    time.after(at - time.now, action)
    return at
  }
}
