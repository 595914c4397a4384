import type { Timer } from '../ports/index.js'
import { addressOf, nameOf } from './address.js'
import { Connection } from './connection.js'
import { LineError } from './errors.js'
import { PARTITIONS, slotOf } from './partitions.js'
import { dialing, type LineParts, type RedisSettings } from './settings.js'
import { explained } from './startup.js'

/** A row of `CLUSTER SLOTS`: from, to, and the master's host and port. */
type SlotRange = readonly [from: number, to: number, master: readonly [host: string | null, port: number]]

/** Least time between two looks: a slot that moves makes every call of its partition ask. */
const LOOK_AGAIN_MS = 100

/**
 * Which master serves which partition. Without a Cluster that is one, whatever it is called. In a Cluster it is asked for at
 * first, from time to time, and when an answer of Redis says that it is somewhere else.
 */
export class Topology {
  /** Why nobody says who serves what until somebody changes something, if it is so. */
  refusal: LineError | undefined
  private owners: (string | undefined)[] = []
  private looking: Promise<void> | undefined
  private timer: Timer
  private lookedAt = -Infinity
  private isRunning = false

  constructor(
    private readonly settings: RedisSettings,
    private readonly parts: LineParts,
    private readonly told: {
      /** Partitions have another master now; they had one before, if `wasKnown`. */
      changed(partitions: readonly number[], wasKnown: boolean): void
      /** Nobody says who serves what, or somebody does again. */
      known(trouble: Error | undefined): void
    },
  ) {}

  /** The masters there are. */
  get masters(): ReadonlySet<string> {
    return new Set(this.owners.filter((owner) => owner !== undefined))
  }

  /** The master of a partition, if it is known. */
  ownerOf(partition: number): string | undefined {
    return this.owners[partition]
  }

  /** Asks once, if it is not known yet, and from time to time from then on. */
  start(): void {
    if (this.isRunning) return
    this.isRunning = true
    if (this.settings.mode === 'cluster') void this.look()
    else this.owners = Array.from({ length: PARTITIONS }, () => this.settings.mode)
  }

  stop(): void {
    this.isRunning = false
    this.owners = []
    this.parts.clock.clearTimer(this.timer)
  }

  /** Redis says where a slot is. The rest is looked at, too: a slot seldom moves alone. */
  learn(partition: number, address: string): void {
    if (this.settings.mode !== 'cluster') return
    const owner = this.found(address)
    if (this.owners[partition] !== owner) {
      this.owners[partition] = owner
      this.told.changed([partition], true)
    }
    void this.look()
  }

  /** Asks the masters who serves what; once for all who want to know. Never rejects. */
  look(): Promise<void> {
    if (this.settings.mode !== 'cluster' || !this.isRunning) return Promise.resolve()
    this.looking ??= this.ask().finally(() => (this.looking = undefined))
    return this.looking
  }

  /** Where an address that Redis tells is found from here. */
  found(address: string): string {
    const name = nameOf(addressOf(address))
    return this.settings.natMap[name] ?? name
  }

  private async ask(): Promise<void> {
    const { clock } = this.parts
    await new Promise<void>((resolve) => {
      clock.setTimer(resolve, Math.max(0, this.lookedAt + LOOK_AGAIN_MS - clock.now()))
    })
    this.lookedAt = clock.now()
    const seeds = [...this.masters, ...this.settings.seeds.map(nameOf)]
    let failure: unknown
    for (const seed of new Set(seeds)) {
      if (!this.isRunning) return
      try {
        this.take(await this.askOne(seed), seed)
        this.refusal = undefined
        this.told.known(
          this.owners.includes(undefined) ? new Error('no master serves some slots of the Cluster') : undefined,
        )
        return this.schedule(this.settings.topologyIntervalMs)
      } catch (error) {
        failure = error
      }
    }
    const error = explained(failure)
    this.refusal = error instanceof LineError ? error : undefined
    this.told.known(error)
    this.schedule(Math.min(1_000, this.settings.topologyIntervalMs))
  }

  private async askOne(seed: string): Promise<readonly SlotRange[]> {
    const connection = new Connection(addressOf(seed), dialing(this.settings))
    const deadline = this.parts.clock.setTimer(() => connection.hangup(), this.settings.connectTimeoutMs)
    try {
      await connection.open()
      return (await connection.send('cluster', ['slots'])) as readonly SlotRange[]
    } finally {
      this.parts.clock.clearTimer(deadline)
      connection.hangup()
    }
  }

  private take(ranges: readonly SlotRange[], seed: string): void {
    if (!this.isRunning) return
    const owners = Array.from({ length: PARTITIONS }, (_, partition) => {
      const slot = slotOf(partition)
      const range = ranges.find(([from, to]) => from <= slot && slot <= to)
      if (!range) return undefined
      const [host, port] = range[2]
      // Without a host it is the one that was asked.
      return this.found(nameOf({ host: host || addressOf(seed).host, port }))
    })
    const changed = owners.flatMap((owner, partition) => (owner === this.owners[partition] ? [] : [partition]))
    const wasKnown = this.owners.length > 0
    this.owners = owners
    if (changed.length > 0) this.told.changed(changed, wasKnown)
  }

  private schedule(delayMs: number): void {
    if (!this.isRunning) return
    this.parts.clock.clearTimer(this.timer)
    // Never all nodes at once.
    const jitter = 0.75 + this.parts.random.fraction() / 2
    this.timer = this.parts.clock.setTimer(() => void this.look(), delayMs * jitter)
  }
}

/** What a Cluster says that serves no slot of a partition. */
export function unserved(partition: number): LineError {
  return new LineError('UNAVAILABLE', `no master of the Redis Cluster serves slot ${slotOf(partition)} now`)
}
