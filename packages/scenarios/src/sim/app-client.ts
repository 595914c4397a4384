import {
  RealtimeClient,
  RealtimeError,
  type Channel,
  type LinkEvents,
  type Message,
  type Network,
} from '@org/realtime-client'
import { NULL_POSITION, type Position } from '@org/realtime-protocol'
import { CallBook, NO_ROOM } from './call-book.js'
import { method } from './call-workload.js'
import { Attendee } from './attendee.js'
import type { Chance } from './chance.js'
import { GivenChannel } from './given-channel.js'
import { OTHER_MODES, recorded } from './kinds.js'
import { follow } from './rebases.js'
import { NODE_LIMITS } from './server-node.js'
import { Process } from './process.js'
import type { Wire } from './wire.js'
import type { World } from './world.js'

interface Payload {
  readonly id: string
  readonly pad: string
}

/** How a method is called. */
interface CallChoice {
  readonly idempotent: boolean
  readonly timeoutMs: number
  readonly abortsAfterMs: number | undefined
}

interface Subscribed {
  readonly handle: Channel
  readonly off: () => void
  /** Position of what was recorded last: where a rebase would have happened in between. */
  last: Position | undefined
}

/** A page or process with one real client, and all that a user would do with it. It can crash and come back. */
export class AppClient {
  private process: Process
  private client: RealtimeClient
  private lives = 0
  private published = 0
  private tokens = 0
  private wire: Wire | undefined
  private online = true
  private listeners = new Set<(event: 'online' | 'offline' | 'wake') => void>()
  private subscribed = new Map<string, Subscribed>()
  private readonly pending = new Map<string, string>()
  /** What its current life does about presence. */
  attendee: Attendee
  private crashNext = false
  private given: GivenChannel
  /** The session of its latest link. */
  session: string | undefined
  private book: CallBook
  private readonly choices: Chance

  constructor(
    readonly name: string,
    private readonly world: World,
  ) {
    this.choices = world.chance(`choices of ${name}`)
    this.process = new Process(world.time)
    this.book = new CallBook(world)
    this.client = this.start()
    this.attendee = new Attendee(name, this.life, this.client, this.process, world)
    this.given = new GivenChannel(name, this.client, this.process, world)
  }

  /** The life of the current client object; the name it publishes under. */
  get life(): string {
    return `${this.name}.${this.lives}`
  }

  /** The current link, if there is one. */
  get link(): Wire | undefined {
    return this.wire?.isWhole ? this.wire : undefined
  }

  /** Subscribes to a channel from now on, unless it is subscribed already. */
  subscribe(channel: string): void {
    if (!this.subscribed.has(channel)) this.listen(channel, undefined)
  }

  /** Leaves a channel, if it is subscribed. */
  leave(channel: string): boolean {
    const subscribed = this.subscribed.get(channel)
    if (!subscribed) return false
    this.subscribed.delete(channel)
    subscribed.off()
    if (subscribed.last) this.world.record({ type: 'sub.end', subscriber: this.name, channel: this.recorded(channel) })
    return true
  }

  /** Publishes a message, as a user would who waits for the answer; where nothing is kept, sends it. */
  publish(channel: string, padBytes: number): void {
    const id = `${this.life}-${++this.published}`
    const publisher = this.life
    const payload: Payload = { id, pad: 'x'.repeat(padBytes) }
    this.world.record({ type: 'pub.invoke', publisher, channel, id })
    if (OTHER_MODES[channel] === 'ephemeral') return this.client.channel(channel).send(payload)
    this.pending.set(id, channel)
    const settle = (record: () => void) => {
      if (this.pending.delete(id)) record()
    }
    this.client
      .channel(channel)
      .publish(payload, this.publishOptions(id))
      .then(
        ({ epoch, offset }) =>
          settle(() => this.world.record({ type: 'pub.ok', publisher, channel, id, position: { epoch, offset } })),
        (error: unknown) => settle(() => this.failed(publisher, channel, id, error)),
      )
  }

  /** Calls a method of the server. */
  call({ idempotent, timeoutMs, abortsAfterMs }: CallChoice): void {
    const ending = new AbortController()
    if (abortsAfterMs !== undefined) this.process.after(abortsAfterMs, () => ending.abort())
    const unknownAfterMs = Math.min(timeoutMs, NODE_LIMITS.callTimeoutMs)
    this.book.call({ caller: this.life, side: 'client', idempotent, unknownAfterMs }, (id) =>
      this.client.call('run', { id }, { idempotent, timeoutMs, signal: ending.signal }),
    )
  }

  private publishOptions(id: string): { readonly key?: string; readonly signal?: AbortSignal } {
    const { keys, aborts } = this.world.plan
    const { choices } = this
    const controller = new AbortController()
    if (choices.happens(aborts)) this.process.after(choices.between(0, 600), () => controller.abort())
    return { signal: controller.signal, ...(choices.happens(keys) ? { key: `key of ${id}` } : {}) }
  }

  /** The process dies and is started again, with the positions it had stored. */
  crash(): void {
    const { world } = this
    const stored = new Map<string, Position | undefined>()
    for (const [channel, subscribed] of this.subscribed) {
      // A life that ended before it was subscribed goes on from where it was to start.
      const position = subscribed.last && (subscribed.handle.position ?? subscribed.last)
      if (position) subscribed.last = follow(world, this.name, channel, subscribed.last, position.epoch)
      stored.set(channel, position)
    }
    for (const [id, channel] of this.pending) {
      world.record({ type: 'pub.unknown', publisher: this.life, channel, id, code: 'CRASHED' })
    }
    this.pending.clear()
    this.book.abandon()
    this.given.end()
    this.session = undefined
    world.record({ type: 'client.end', client: this.life })
    this.process.kill()
    this.wire?.break(world.faultChance.happens(0.5) ? 'reset' : 'half-open')
    this.subscribed = new Map()
    this.listeners = new Set()
    this.process = new Process(world.time)
    this.client = this.start()
    const { watching } = this.attendee
    this.attendee = new Attendee(this.name, this.life, this.client, this.process, world)
    for (const channel of watching) this.attendee.watch(channel)
    this.given = new GivenChannel(this.name, this.client, this.process, world)
    for (const [channel, position] of stored) this.listen(channel, position)
  }

  /** The process dies in the middle of the next listener that gets a message. */
  crashInListener(): void {
    this.crashNext = true
  }

  /** The platform says that there is no network, and cuts the link, or that there is one again. */
  setOnline(online: boolean): void {
    if (this.online === online) return
    this.online = online
    if (!online) this.wire?.break('half-open')
    for (const listener of this.listeners) this.process.run(() => listener(online ? 'online' : 'offline'))
  }

  /** How many messages wait. */
  get waiting(): number {
    return this.client.outbox.length
  }

  private start(): RealtimeClient {
    this.lives += 1
    const life = this.life
    const { world } = this
    const chance = world.chance(life)
    const client = new RealtimeClient('ws://simulation/', {
      token: () => this.token(),
      clock: this.process.clientClock(),
      random: chance,
      network: this.network(),
      transport: {
        dial: (_url, _subprotocol, events) => {
          let isUp = true
          const down = (code?: number): void => {
            if (isUp) world.record({ type: 'conn.down', client: life, link: wire.peer, ...(code ? { code } : {}) })
            isUp = false
          }
          const heard: LinkEvents = {
            opened: () => events.opened(),
            message: (text) => events.message(text),
            closed: (code, reason) => {
              down(code)
              events.closed(code, reason)
            },
          }
          const wire = world.dial(this.process, heard, this.online)
          this.wire = wire
          return {
            send: (text) => wire.sendUp(text),
            close: (code, reason) => {
              down()
              wire.closeUp(code, reason)
            },
            get bufferedBytes() {
              return wire.up.bufferedBytes
            },
          }
        },
      },
    })
    const { process } = this
    client.on('state', ({ status, closeCode }) => {
      if (status !== 'closed' || process.isDead) return
      world.record({ type: 'client.over', client: life, ...(closeCode ? { code: closeCode } : {}) })
      // The application begins anew, as somebody would who loads the page again.
      process.after(1_500, () => this.crash())
    })
    client.on('connected', ({ session }) => {
      this.session = session
      world.record({ type: 'conn.up', client: life, session, node: '', link: this.wire?.peer ?? '' })
    })
    client.on('outbox', ({ id, data }) => world.idOf.set(id, (data as Payload).id))
    const no = (id: string) => new RealtimeError(NO_ROOM, id)
    client.method('run', method(world, this.process, world.chance(`methods of ${life}`), no))
    client.on('error', ({ error }) => world.unexpected(error))
    client.on('rollback', ({ channel, ids }) => this.rolledBack(life, channel, ids))
    return client
  }

  private token(): Promise<string> {
    const token = `${this.name} ${++this.tokens}`
    return new Promise((resolve) => void this.process.after(this.choices.between(0, 200), () => resolve(token)))
  }

  private network(): Network {
    const isOnline = () => this.online
    return {
      get online() {
        return isOnline()
      },
      watch: (listener) => {
        this.listeners.add(listener)
        return () => this.listeners.delete(listener)
      },
    }
  }

  private listen(channel: string, since: Position | undefined): void {
    const { world, process } = this
    const name = this.recorded(channel)
    const handle = this.client.channel(channel, since ? { since } : {})
    const offs = [
      handle.on('state', ({ status }) => {
        if (status !== 'subscribed' || process.isDead || subscribed.last) return
        subscribed.last = handle.position ?? NULL_POSITION
        world.record({ type: 'sub.ok', subscriber: this.name, channel: name, position: subscribed.last })
      }),
      handle.on('message', (message) => this.deliver(subscribed, process, message)),
      handle.on('gap', ({ reason, from, to, position }) => {
        if (process.isDead) return
        subscribed.last = position
        world.record({ type: 'gap', subscriber: this.name, channel: name, reason, from, to, position })
      }),
    ]
    const subscribed: Subscribed = { handle, last: since, off: () => offs.forEach((off) => off()) }
    if (since) world.record({ type: 'sub.restart', subscriber: this.name, channel: name, from: since })
    this.subscribed.set(channel, subscribed)
  }

  private deliver(subscribed: Subscribed, process: Process, message: Message): void {
    if (process.isDead) return
    if (this.crashNext) {
      // The message was not processed: the position stored must still be the one before it.
      this.crashNext = false
      return this.crash()
    }
    const { channel, epoch, offset, data } = message
    follow(this.world, this.name, channel, subscribed.last, epoch)
    subscribed.last = { epoch, offset }
    this.world.record({
      type: 'deliver',
      subscriber: this.name,
      channel: this.recorded(channel),
      id: (data as Payload).id,
      position: subscribed.last,
    })
  }

  private recorded(channel: string): string {
    return recorded(channel, this.name)
  }

  private rolledBack(publisher: string, channel: string, publications: readonly string[]): void {
    const ids = publications.map((publication) => this.world.idOf.get(publication) ?? publication)
    this.world.record({ type: 'rollback', publisher, channel, ids })
  }

  private failed(publisher: string, channel: string, id: string, error: unknown): void {
    if (!(error instanceof RealtimeError)) return this.world.unexpected(error)
    const { code } = error
    // Whoever gives up does not know either: the message may have been on its way.
    const type = code === 'UNKNOWN_OUTCOME' || code === 'ABORTED' ? 'pub.unknown' : 'pub.fail'
    this.world.record({ type, publisher, channel, id, code })
  }
}
