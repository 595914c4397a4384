import { RealtimeClient, type Channel } from '@org/realtime-client'
import { Chance } from './chance.js'
import { FAULTS } from './faults.js'
import { planFor } from './plan.js'
import { Process } from './process.js'
import { World } from './world.js'
import type { VirtualTime } from './virtual-time.js'
import type { Wire } from './wire.js'

/** What an application keeps in its database: the changes made so far, by name. Each is published after it is written. */
export type Document = ReadonlySet<string>

/** What a page has to follow a document with. */
export interface Page {
  readonly channel: Channel<string, string>
  readonly process: Process
  readonly chance: Chance
  /** Reads the database: the answer is what it held at some moment while the reading ran. Fails now and then. */
  readonly load: () => Promise<Document>
  /** Shows a document in place of the one before. */
  readonly reset: (document: Document) => void
  /** Shows one change. */
  readonly apply: (change: string) => void
}

/** Follows a document on a page. */
export type Follow = (page: Page) => void | Promise<void>

/** What came of it. */
export interface FollowRun {
  /** What the database holds at the end. */
  readonly written: Document
  /** What each page shows at the end. */
  readonly shown: readonly Document[]
  /** How often a page took a whole document. */
  readonly resets: number
}

const CHANNEL = 'room:document'
const PAGES = 3
const ACTIVE_MS = 15_000
const HEALING_MS = 120_000
/** A log so small that slow readers fall out of it. */
const LOG_MESSAGES = 10
/** Faults that lose nothing that was stored: of a change that the log has lost nobody can be told who never heard of it. */
const KINDS = ['node.kill', 'node.restart', 'node.stop', 'failover.lossless', 'backend.slow', 'backend.delivery-loss']

/** Pages that follow one document while it changes, links break and nodes die. The same seed gives the same run. */
export async function followDocument(seed: number, follow: Follow): Promise<FollowRun> {
  const quiet = { clients: 0, channels: 1, aborts: 0, denials: 0, tokenMs: Infinity }
  const plan = { ...planFor(new Chance(seed, 'plan')), ...quiet, logMessages: LOG_MESSAGES }
  const world = new World(seed, plan)
  const { time, faultChance } = world
  const chance = world.chance('document')
  const written = new Set<string>()
  const shown: Set<string>[] = []
  const wires = new Set<Wire>()
  let resets = 0

  const open = (name: string): { channel: Channel<string, string>; process: Process } => {
    const process = new Process(time)
    const client = new RealtimeClient('ws://simulation/', {
      token: `${name} token`,
      clock: process.clientClock(),
      random: world.chance(name),
      outbox: { ageMs: 240_000 },
      transport: {
        dial: (_url, _subprotocol, events) => {
          const wire = world.dial(process, events, true)
          wires.add(wire)
          return {
            send: (text) => wire.sendUp(text),
            close: (code, reason) => wire.closeUp(code, reason),
            get bufferedBytes() {
              return wire.up.bufferedBytes
            },
          }
        },
      },
    })
    return { channel: client.channel(CHANNEL) as Channel<string, string>, process }
  }

  const author = open('author').channel
  const write = (): void => {
    if (time.now > ACTIVE_MS) return
    const change = `change ${written.size + 1}`
    written.add(change)
    author.publish(change).catch((error: unknown) => world.unexpected(error))
    time.after(chance.between(0, 120), write)
  }
  time.after(0, write)

  for (let i = 0; i < PAGES; i++) {
    time.after(chance.between(0, ACTIVE_MS / 2), () => {
      let document = new Set<string>()
      const at = shown.push(document) - 1
      const show = (next: Set<string>) => (shown[at] = document = next)
      void follow({
        ...open(`page ${i}`),
        chance: world.chance(`chance of page ${i}`),
        async load() {
          await sleep(time, chance.between(0, 400))
          if (chance.happens(0.2)) throw new Error('the database is busy')
          const snapshot = new Set(written)
          await sleep(time, chance.between(0, 400))
          return snapshot
        },
        reset(next) {
          resets += 1
          show(new Set(next))
        },
        apply: (change) => void document.add(change),
      })
    })
  }

  for (let i = 0; i < plan.faults; i++) {
    time.after(faultChance.between(500, ACTIVE_MS), () => {
      const kind = faultChance.pick([...KINDS, 'link', 'stall'])
      const wire = faultChance.pick([...wires])
      if (kind === 'link') wire.break(faultChance.pick(['reset', 'half-open', 'linger']))
      else if (kind === 'stall') wire.down.stallFor(faultChance.between(500, 8_000))
      else FAULTS[kind]?.(world, kind)
    })
  }
  // What was lost on its way to a node shows with the next message.
  time.after(ACTIVE_MS + HEALING_MS, () => {
    written.add('last')
    void author.publish('last')
  })
  await time.runUntil(ACTIVE_MS + 2 * HEALING_MS)
  if (world.surprises.length > 0) throw new AggregateError(world.surprises, `seed ${seed}`)
  return { written, shown, resets }
}

function sleep(time: VirtualTime, ms: number): Promise<void> {
  return new Promise((resolve) => void time.after(ms, resolve))
}
