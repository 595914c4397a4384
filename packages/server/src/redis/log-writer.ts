import type { Clock, PublishOutcome, PublishRequest } from '../ports/index.js'
import { WithheldError } from './errors.js'
import { isWanted, kindOf, LogAppender, type AppenderParts } from './log-appender.js'
import { PublishQueue, type Publish } from './publish-queue.js'

/** What the writer is built from. */
export interface WriterParts extends AppenderParts {
  readonly clock: Clock
  /** Time for which publishes of a busy channel wait for each other at most. */
  readonly publishDelayMs: number
}

/** Channels whose publishes may wait for each other. */
const MAX_QUEUES = 10_000

/** Calls under way at a time, before publishes of a channel wait for the one before. */
const UNPRESSED = 32

/** Writes to logs: sees to it that publishes which may leave together do. */
export class LogWriter {
  private readonly appender: LogAppender
  private readonly queues = new Map<string, PublishQueue>()
  /** Calls that are not answered yet. */
  private underWay = 0

  constructor(private readonly parts: WriterParts) {
    this.appender = new LogAppender(parts)
  }

  /** Stores one message and hands it on. */
  publish(request: PublishRequest): Promise<PublishOutcome> {
    return new Promise((resolve, reject) => this.queueOf(request.channel).add({ request, resolve, reject }))
  }

  /** Sends what waits. */
  close(): void {
    for (const queue of this.queues.values()) queue.flush()
  }

  private queueOf(channel: string): PublishQueue {
    const known = this.queues.get(channel)
    if (known) return known
    if (this.queues.size >= MAX_QUEUES) this.forget()
    const { clock, publishDelayMs } = this.parts
    const queue = new PublishQueue(clock, publishDelayMs, {
      send: (publishes) => this.send(channel, publishes),
      isPressed: () => this.underWay > UNPRESSED,
    })
    this.queues.set(channel, queue)
    return queue
  }

  private forget(): void {
    for (const [channel, queue] of this.queues) if (queue.isEmpty) this.queues.delete(channel)
  }

  private async send(channel: string, publishes: readonly Publish[]): Promise<void> {
    const [first] = publishes
    if (!first) return
    this.underWay += 1
    const requests = publishes.map(({ request }) => request)
    try {
      const outcomes = await this.appender.append(channel, { kind: kindOf(first.request), requests })
      for (const [i, outcome] of outcomes.entries()) publishes[i]?.resolve(outcome)
      // The log did not take the next one. Now it is the first, and is told so.
      if (outcomes.length < publishes.length) await this.send(channel, publishes.slice(outcomes.length))
    } catch (error) {
      await this.fail(channel, publishes, error)
    } finally {
      this.underWay -= 1
    }
  }

  /** Tells those whose call failed. It may have been withheld for some of them: then the others are sent without these. */
  private async fail(channel: string, publishes: readonly Publish[], error: unknown): Promise<void> {
    const isUnwanted = error instanceof WithheldError && error.reason === 'unwanted'
    const others = isUnwanted ? publishes.filter(({ request }) => isWanted(request)) : []
    for (const publish of publishes) if (!others.includes(publish)) publish.reject(error)
    if (others.length > 0) await this.send(channel, others)
  }
}
