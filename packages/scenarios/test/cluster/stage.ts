import { fileURLToPath } from 'node:url'
import { RealtimeClient, RealtimeError, type Channel } from '@org/realtime-client'
import { onTestFinished, vi } from 'vitest'
import { startRedis } from '../../../../scripts/lib/redis-servers.mjs'
import { bundle } from '../../src/chaos/bundle.js'
import { Fleet } from '../../src/chaos/fleet.js'
import type { NodeSettings } from '../../src/chaos/protocol.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Bundles the server of the balanced chat. */
export function chatProgram() {
  return bundle(`${root}test/cluster/chat-node.ts`, root)
}

type Settings = Pick<NodeSettings, 'leaseMs'>

/** Two server processes behind one address, and one Redis. */
export async function twoServers(program: string, settings: Settings = {}): Promise<Fleet> {
  return (await servers(program, 2, settings)).fleet
}

/** Server processes behind one address, and one Redis. */
export async function servers(program: string, count: number, settings: Settings = {}) {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const places = Array.from({ length: count }, () => ({ kind: 'redis', url: redis.url }) as const)
  const fleet = await Fleet.start(program, places, { complain: (text) => console.error(text) }, settings)
  onTestFinished(() => fleet.close())
  return { fleet, redis }
}

/** One of the servers, and the address of it alone. */
export function serverOf(fleet: Fleet, i: number) {
  const berth = fleet.berths[i]
  if (!berth) throw new Error(`there is no server ${i}`)
  return { berth, url: `ws://127.0.0.1:${berth.process.port}/realtime` }
}

/** Waits for a fact that travels between processes. */
export function soon(fact: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(fact, { timeout: 15_000, interval: 20 })
}

/** Somebody at the page of the chat. */
export class Guest {
  readonly client: RealtimeClient
  readonly room: Channel
  /** What the room said, in order. */
  readonly heard: string[] = []
  /** Gaps that were told. */
  readonly gaps: unknown[] = []
  /** Who came and went since this one came, by what they show of themselves or were called when they came. */
  readonly notices: string[] = []
  /** The server of each link there was, and whether its session went on. */
  readonly links: Array<{ readonly node: string; readonly resumed: boolean }> = []

  private constructor(url: string) {
    this.client = new RealtimeClient(url, { reconnect: { minMs: 50, baseMs: 100, maxMs: 500 } })
    this.room = this.client.channel('room:1')
    this.room.on('message', ({ data }) => this.heard.push(String(data)))
    this.room.on('gap', (gap) => this.gaps.push(gap))
    for (const kind of ['join', 'leave'] as const) {
      this.room.on(kind, ({ data }) => this.notices.push(`${kind} ${String(data)}`))
    }
    this.client.on('connected', ({ hello, resumed }) => {
      this.links.push({ node: (hello as { node: string }).node, resumed })
    })
  }

  /** Comes into the room. */
  static async at(url: string): Promise<Guest> {
    const guest = new Guest(url)
    onTestFinished(() => guest.client.close())
    await guest.room.ready()
    return guest
  }

  get node(): string {
    return this.links.at(-1)?.node ?? ''
  }

  get session(): string {
    return this.client.session ?? ''
  }

  name(name: string): Promise<unknown> {
    return this.client.call('set_username', name)
  }

  say(text: string): Promise<unknown> {
    return this.room.publish(text)
  }

  /** What a publish that is refused says. */
  async refusal(text: string): Promise<string> {
    return this.say(text).then(
      () => 'it was not refused',
      (error: unknown) => (error instanceof RealtimeError ? error.message : String(error)),
    )
  }
}
