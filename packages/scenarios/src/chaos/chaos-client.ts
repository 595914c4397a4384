import { RealtimeClient } from '@org/realtime-client'
import type { Position } from '@org/realtime-protocol'
import { Attendee } from './attendee.js'
import { Caller } from './caller.js'
import { Follower } from './follower.js'
import { Links } from './links.js'
import { OpenRequests } from './open-requests.js'
import { Publisher, type Payload } from './publisher.js'
import type { Record } from './record.js'

/** Patient about the outbox, so that a fault is never longer; impatient about coming back. */
const BRISK = {
  connectTimeoutMs: 2_000,
  reconnect: { minMs: 20, baseMs: 100, maxMs: 1_000 },
  outbox: { messages: 5_000, bytes: 8_388_608, ageMs: 240_000 },
}

/** The channels of a round. */
export interface Places {
  /** Logs, with every message kept. */
  readonly rooms: readonly string[]
  /** A log that keeps few. None where logs may lose something: what it trimmed could not be told from what was lost. */
  readonly brief?: string
  /** Channels of mode `latest`. */
  readonly values: readonly string[]
  /** Where everybody is present. */
  readonly hall: string
}

/** All channels of a round that are logs. */
export function logsOf({ rooms, brief }: Places): readonly string[] {
  return brief === undefined ? rooms : [...rooms, brief]
}

/** What a client does in one round. */
interface Part {
  readonly record: Record
  readonly places: Places
  readonly followers: ReadonlyMap<string, Follower>
  readonly publisher: Publisher
  readonly attendee: Attendee
  readonly caller: Caller
  readonly requests: OpenRequests
}

/** A real client that lives as long as the run, and writes down what its application would see in the round there is. */
export class ChaosClient {
  private readonly client: RealtimeClient
  private readonly links: Links
  private part: Part | undefined
  /** Ids of ours by those that the client gave them. */
  private readonly idOf = new Map<string, string>()
  private serial = 0
  /** The link that is up: its session, and what carries it. */
  private link: { readonly session: string; readonly node: string; readonly link: string } | undefined

  constructor(
    readonly name: string,
    url: string,
    { usesDefaults }: { readonly usesDefaults: boolean },
  ) {
    this.links = new Links((link) => {
      this.part?.record.add({ type: 'conn.down', client: name, link })
      if (link !== this.link?.link) return
      this.part?.record.add({ type: 'link.close', ...this.link })
      this.link = undefined
    })
    this.client = new RealtimeClient(url, {
      data: name,
      WebSocket: this.links.WebSocket,
      ...(usesDefaults ? {} : BRISK),
    })
    this.client.on('connected', ({ session, hello }) => {
      const node = (hello as { node?: string } | null)?.node ?? ''
      this.link = { session, node, link: this.links.current }
      if (this.part) this.up(this.part.record)
    })
    this.client.on('outbox', ({ id, data }) => void this.idOf.set(id, (data as Payload).id))
    this.client.on('rollback', ({ channel, ids }) => {
      if (!this.part || !logsOf(this.part.places).includes(channel)) return
      const known = ids.map((id) => this.idOf.get(id) ?? id)
      this.part.record.add({ type: 'rollback', publisher: name, channel, ids: known })
    })
    this.client.on('error', ({ error }) => this.part?.record.unexpected(error))
  }

  /** Begins a round: is subscribed to its channels, and present in its hall, once it resolves. */
  async begin(record: Record, places: Places): Promise<void> {
    const { client, name } = this
    this.idOf.clear()
    const follow = (channel: string, isLog: boolean) => {
      return [channel, new Follower(client, name, { channel, isLog }, record)] as const
    }
    const next = () => ++this.serial
    const followers = new Map([
      ...logsOf(places).map((log) => follow(log, true)),
      ...places.values.map((value) => follow(value, false)),
    ])
    const requests = new OpenRequests(record)
    const publisher = new Publisher(client, name, requests, next)
    const attendee = new Attendee(client, name, places.hall, record, requests)
    const caller = new Caller(client, name, requests, next)
    this.part = { record, places, followers, publisher, attendee, caller, requests }
    if (this.link) this.up(record)
    await Promise.all([...followers.values()].map((follower) => follower.ready()))
    await attendee.begin()
  }

  /** Ends a round. */
  end(): void {
    for (const follower of this.part?.followers.values() ?? []) follower.end()
    this.part?.attendee.end()
    this.part = undefined
  }

  /** Port on its side of the link that was made last: who looks at the links of a proxy knows it by that. */
  get port(): number | undefined {
    return this.links.port
  }

  /** What of this round has not settled. */
  get pending(): number {
    return this.part?.requests.size ?? 0
  }

  /** Where the subscription to a channel stands. */
  position(channel: string): Position | undefined {
    return this.part?.followers.get(channel)?.last
  }

  /** What it does about presence in this round. */
  get attendee(): Attendee | undefined {
    return this.part?.attendee
  }

  /** Publishes as a user would who waits for the answer. */
  publish(channel: string, padBytes: number): void {
    this.part?.publisher.publish(channel, padBytes)
  }

  /** Calls a method of a server. */
  call(idempotent: boolean, ms: number): void {
    this.part?.caller.call(idempotent, ms)
  }

  close(): Promise<void> {
    return this.client.close()
  }

  private up(record: Record): void {
    if (!this.link) return
    record.add({ type: 'link.open', ...this.link })
    record.add({ type: 'conn.up', client: this.name, ...this.link })
  }
}
