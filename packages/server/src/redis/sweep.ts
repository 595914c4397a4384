import type { Position } from '@org/realtime-protocol'
import type { Clock, Logger, Random, Timer } from '../ports/index.js'
import type { RedisLine } from './line.js'
import type { LogKeyring } from './log-keys.js'

/** What a sweep is built from. */
export interface SweepParts {
  readonly line: RedisLine
  readonly keyring: LogKeyring
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Time between two sweeps, give or take a quarter. */
  readonly sweepMs: number
  /** Channels that are listened to and have been quiet since it was last asked. */
  quiet(): string[]
  /** Says where the log of a channel ends. */
  verify(channel: string, head: Position): void
}

/** Channels that one call asks for, and whose keys one call renews. */
const HEADS = 200
const TOUCHES = 50

/**
 * Asks now and then where the logs of quiet channels end: a publication that was lost on its way here shows in the next
 * one, but a quiet channel has no next one. Logs that would expire are renewed: somebody listens to them.
 */
export class Sweep {
  private timer: Timer
  private closed = false

  constructor(private readonly parts: SweepParts) {
    this.schedule()
  }

  /** Ends it. */
  close(): void {
    this.closed = true
    this.parts.clock.clearTimer(this.timer)
  }

  /** The next one is due when this one is over: they never pile up. */
  private schedule(): void {
    const { clock, random, sweepMs } = this.parts
    if (this.closed) return
    this.timer = clock.setTimer(
      () => void this.run().then(() => this.schedule()),
      sweepMs * (0.75 + random.fraction() / 2),
    )
  }

  private async run(): Promise<void> {
    const { line, logger } = this.parts
    const partitions = new Map<number, string[]>()
    for (const channel of this.parts.quiet()) {
      const partition = line.partitionOf(channel)
      const channels = partitions.get(partition)
      if (channels) channels.push(channel)
      else partitions.set(partition, [channel])
    }
    for (const channels of partitions.values()) {
      for (let i = 0; i < channels.length && !this.closed; i += HEADS) {
        try {
          await this.look(channels.slice(i, i + HEADS))
        } catch (error) {
          // The next sweep looks again; that Redis cannot be reached is told elsewhere.
          logger.debug('sweep failed', { error })
        }
      }
    }
  }

  private async look(channels: readonly string[]): Promise<void> {
    const { line, keyring, sweepMs } = this.parts
    const metas = channels.map((channel) => keyring.of(channel).all[0])
    const answer = (await line.call('log.heads', metas, [])) as readonly (string | number)[]
    if (this.closed) return
    const expiring: string[] = []
    for (const [i, channel] of channels.entries()) {
      const [epoch, offset, leftMs, ttlMs] = answer.slice(4 * i, 4 * i + 4)
      this.parts.verify(channel, { epoch: String(epoch), offset: Number(offset) })
      if (epoch !== '' && Number(leftMs) < Math.max(Number(ttlMs) / 2, 3 * sweepMs)) expiring.push(channel)
    }
    for (let i = 0; i < expiring.length; i += TOUCHES) {
      const keys = expiring.slice(i, i + TOUCHES).flatMap((channel) => keyring.of(channel).all)
      await line.call('log.touch', keys, [])
    }
  }
}
