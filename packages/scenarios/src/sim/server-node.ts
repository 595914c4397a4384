import type { LinkEvents } from '@org/realtime-client'
import type { Position } from '@org/realtime-protocol'
import { RealtimeError, RealtimeServer, type MemoryBackend } from '@org/realtime-server'
import { CallBook, NO_ROOM } from './call-book.js'
import { method } from './call-workload.js'
import { LatentBackend, TIMEOUT_MS, type BackendWeather } from './latent-backend.js'
import { Process } from './process.js'
import { Wire, type WireQuality } from './wire.js'
import type { World } from './world.js'

/** Bounds small enough that a run of seconds meets them. */
export const NODE_LIMITS = {
  sendQueueSoftBytes: 4_096,
  sendQueueHardBytes: 65_536,
  presenceGraceMs: 4_000,
  // A node that is stopped for as long as one is here must not lose its members.
  presenceTtlMs: 30_000,
  callTimeoutMs: 5_000,
}

/** A code of the application's own, after which clients come back. */
const KICK_CODE = 4_400

/** One server process of a simulation: a real server with its wires. */
export class ServerNode {
  readonly process: Process
  readonly wires = new Set<Wire>()
  /** What is wrong between this node and the backend. */
  readonly weather: BackendWeather = {
    extraMs: 0,
    newsMs: 0,
    requestLoss: 0,
    requestDelay: 0,
    replyLoss: 0,
    deliveryLoss: 0,
  }
  private readonly server: RealtimeServer
  private readonly book: CallBook
  private disconnect: () => Promise<void> = () => Promise.resolve()

  constructor(
    readonly name: string,
    private readonly world: World,
    backend: MemoryBackend,
  ) {
    const { time, oracle, plan } = world
    this.process = new Process(time)
    this.book = new CallBook(world)
    const chance = world.chance(name)
    const latent = new LatentBackend(backend, this.process, time, chance, this.weather, oracle, plan.resyncMs)
    this.server = new RealtimeServer(undefined, {
      backend: {
        join: (handler) => {
          const node = latent.join(handler)
          this.disconnect = () => node.close()
          return node
        },
      },
      clock: this.process.serverClock(),
      random: chance,
      limits: { ...NODE_LIMITS, recoveryPageMessages: plan.recoveryPageMessages },
      personal: { log: { messages: plan.logMessages } },
      authenticate: ({ token = '' }) => ({
        user: { id: token.slice(0, token.indexOf(' ')) },
        ...(plan.tokenMs === Infinity ? {} : { expiresAt: this.process.serverClock().date() + plan.tokenMs }),
      }),
    })
    const no = (id: string) => new RealtimeError(NO_ROOM, id)
    this.server.method('run', method(world, this.process, world.chance(`methods of ${name}`), no))
    const rules = world.chance(`rules of ${name}`)
    const decide = () =>
      rules.happens(0.3) && plan.ruleMs && time.now < plan.activeMs
        ? new Promise<true>((resolve) => void this.process.after(rules.between(0, plan.ruleMs), () => resolve(true)))
        : true
    this.server.channel('value:{id}', { mode: 'latest', subscribe: decide, publish: decide })
    this.server.channel('signal:{id}', { mode: 'ephemeral', subscribe: decide, publish: decide })
    const mayPublish = async () => (await decide()) && !rules.happens(plan.denials)
    this.server.channel('given:{id}', { publish: mayPublish, log: { messages: plan.logMessages } })
    this.server.channel('room:{id}', {
      subscribe: decide,
      publish: mayPublish,
      presence: true,
      log: { messages: plan.logMessages },
    })
  }

  /** Takes the handshake of a client. */
  accept(wire: Wire): void {
    this.wires.add(wire)
    let session: string | undefined
    wire.onServerText = (text) => {
      session ??= sessionIn(text)
      if (!session) return
      this.world.record({ type: 'link.open', node: this.name, session, link: wire.peer })
      wire.onServerText = () => undefined
    }
    wire.onServerEnd = () => {
      this.wires.delete(wire)
      if (session) this.world.record({ type: 'link.close', node: this.name, session, link: wire.peer })
    }
    wire.open(this.server.accept(wire, { url: '/', headers: {}, remoteAddress: wire.peer }))
  }

  /** The application on this node has something for a user. */
  publishToUser(user: string, data: unknown): Promise<Position> {
    return new Promise((resolve, reject) => {
      this.process.run(() => void this.server.publishToUser(user, data).then(resolve, reject))
    })
  }

  /** The application on this node calls a user. */
  call(user: string, { timeoutMs, abortsAfterMs }: { timeoutMs: number; abortsAfterMs: number | undefined }): void {
    if (this.process.isDead) return
    const ending = new AbortController()
    if (abortsAfterMs !== undefined) this.process.after(abortsAfterMs, () => ending.abort())
    // A word to another node that is lost is given up after the patience of its connection.
    const unknownAfterMs = Math.min(timeoutMs, TIMEOUT_MS)
    const calling = { caller: this.name, side: 'server', idempotent: false, unknownAfterMs } as const
    this.process.run(() =>
      this.book.call(calling, (id) => this.server.call({ user }, 'run', { id }, { timeoutMs, signal: ending.signal })),
    )
  }

  /** The application on this node sends all links of a user away, wherever they are, to come back. */
  kick(user: string): void {
    // Nodes that do not answer in time have heard of it, or have not: no link is the worse for it.
    this.process.run(() => void this.server.disconnect({ user }, { code: KICK_CODE }).catch(() => undefined))
  }

  /** The application on this node subscribes a user to a channel, or takes that back. */
  give(user: string, channel: string, does: 'subscribe' | 'unsubscribe'): void {
    // What could not be done is done the next time.
    this.process.run(() => void this.server[does]({ user }, channel).catch(() => undefined))
  }

  /** The application on this node ends a session for good. */
  end(session: string): void {
    const isOver = ({ sessions, complete }: { readonly sessions: number; readonly complete: boolean }): void => {
      if (sessions > 0 && complete) this.world.record({ type: 'session.over', session })
    }
    this.world.record({ type: 'session.ending', session })
    this.process.run(() => void this.server.disconnect({ session }).then(isOver, () => undefined))
  }

  /** A wire to this node that is not open yet. */
  wire(link: string, client: Process, quality: WireQuality, events: LinkEvents): Wire {
    return new Wire(link, this.world.time, client, this.process, quality, events)
  }

  /** SIGTERM: every client is told to come back before the process ends. */
  restart(): void {
    // Its application stops first: what it still waits for is of no use to anybody.
    this.book.abandon()
    void this.server.close()
    this.process.after(100, () => this.kill(false))
  }

  /** SIGKILL. The clients hear of it at once, or have to find out. */
  kill(silently: boolean): void {
    this.process.kill()
    this.book.abandon()
    void this.disconnect()
    for (const wire of [...this.wires]) {
      wire.onServerEnd()
      wire.onServerEnd = () => undefined
      wire.break(silently ? 'half-open' : 'reset')
    }
  }
}

function sessionIn(text: string): string | undefined {
  if (!text.startsWith('{"type":"connected"')) return undefined
  return (JSON.parse(text) as { session: { id: string } }).session.id
}
