import { DEFAULT_LIMITS, type Since } from '@org/realtime-protocol'
import { Seldom } from '../core/seldom.js'
import type {
  Broker,
  BrokerHandler,
  Clock,
  HistoryPage,
  HistoryQuery,
  Logger,
  PublishOutcome,
  PublishRequest,
  Random,
  Recovery,
  StoredPublication,
} from '../ports/index.js'
import type { Hear, RedisLine } from './line.js'
import { LogKeyring } from './log-keys.js'
import { LogReader } from './log-reader.js'
import { LogWriter } from './log-writer.js'
import { parseHeard, relayText } from './message-text.js'
import { Sweep } from './sweep.js'

/** What the broker of a node is built from. */
export interface RedisBrokerParts {
  readonly line: RedisLine
  readonly handler: Pick<BrokerHandler, 'deliver' | 'verify'>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Time between two looks at quiet channels, give or take a quarter. Default: 15,000. */
  readonly sweepMs?: number
  /** Time for which repeats are known. Default: that of the protocol. */
  readonly dedupeMs?: number
  /** Time for which publishes of a busy channel wait for each other at most. */
  readonly publishDelayMs: number
}

/** A channel that is listened to. */
interface Listening {
  readonly hear: Hear
  readonly ready: Promise<void>
  isQuiet: boolean
}

const SWEEP_MS = 15_000

/** How many sweeps may fail before a log expires that somebody listens to. */
const SPARE_SWEEPS = 3

/**
 * The broker of one node on Redis. What changes a log is one function that runs where the log is; what reads it is
 * judged here; what is handed on comes over the topic of the channel.
 */
export class RedisBroker implements Broker {
  /** Texts on topics that were none of ours. */
  ignored = 0

  private readonly keyring: LogKeyring
  private readonly reader: LogReader
  private readonly writer: LogWriter
  private readonly sweep: Sweep
  private readonly seldom = new Seldom(60_000)
  private readonly listening = new Map<string, Listening>()

  constructor(private readonly parts: RedisBrokerParts) {
    const { line, handler, sweepMs = SWEEP_MS, dedupeMs = DEFAULT_LIMITS.dedupeMs } = parts
    const keyring = new LogKeyring(line)
    this.keyring = keyring
    this.reader = new LogReader(line, keyring)
    this.writer = new LogWriter({ ...parts, keyring, dedupeMs, leastTtlMs: SPARE_SWEEPS * sweepMs })
    this.sweep = new Sweep({
      ...parts,
      keyring,
      sweepMs,
      quiet: () => this.quiet(),
      verify: (channel, head) => {
        if (this.listening.has(channel)) handler.verify(channel, head)
      },
    })
  }

  async subscribe(channel: string): Promise<void> {
    const running = this.listening.get(channel)
    if (running) return running.ready
    const { topic } = this.keyring.of(channel)
    const hear: Hear = (text) => this.hear(channel, text)
    const listening: Listening = { hear, ready: this.parts.line.listen(topic, hear), isQuiet: false }
    this.listening.set(channel, listening)
    try {
      await listening.ready
    } catch (error) {
      // Whoever tries again shall listen anew, unless somebody has already.
      if (this.listening.get(channel) === listening) await this.unsubscribe(channel).catch(() => undefined)
      throw error
    }
  }

  async unsubscribe(channel: string): Promise<void> {
    const listening = this.listening.get(channel)
    if (!listening) return
    this.listening.delete(channel)
    await this.parts.line.unlisten(this.keyring.of(channel).topic, listening.hear)
  }

  publish(request: PublishRequest): Promise<PublishOutcome> {
    return this.writer.publish(request)
  }

  async relay(channel: string, publication: StoredPublication): Promise<void> {
    await this.parts.line.say(this.keyring.of(channel).topic, relayText(publication))
  }

  recover(channel: string, since: Since | undefined, limit: number): Promise<Recovery> {
    return this.reader.recover(channel, since, limit)
  }

  history(channel: string, query: HistoryQuery): Promise<HistoryPage | undefined> {
    return this.reader.history(channel, query)
  }

  /** Lets go of everything; the handler is told nothing more. */
  async close(): Promise<void> {
    this.sweep.close()
    this.writer.close()
    await Promise.allSettled([...this.listening.keys()].map((channel) => this.unsubscribe(channel)))
  }

  private hear(channel: string, text: string): void {
    const listening = this.listening.get(channel)
    if (!listening) return
    const heard = parseHeard(text)
    if (!heard) return this.ignore(channel)
    listening.isQuiet = false
    this.parts.handler.deliver(channel, heard.epoch, heard.publications)
  }

  private ignore(channel: string): void {
    this.ignored += 1
    const { clock, logger } = this.parts
    if (!this.seldom.isDue('ignored', clock.now())) return
    logger.warn(
      'a text on a topic of ours is none of ours: another version, or somebody else, publishes to this Redis',
      {
        channel,
        ignored: this.ignored,
      },
    )
  }

  /** Channels without a word since this was last asked. One that was just opened counts from the next time. */
  private quiet(): string[] {
    const quiet: string[] = []
    for (const [channel, listening] of this.listening) {
      if (listening.isQuiet) quiet.push(channel)
      listening.isQuiet = true
    }
    return quiet
  }
}
