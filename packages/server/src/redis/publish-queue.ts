import { Tempo } from '../core/tempo.js'
import type { Clock, PublishOutcome, PublishRequest, Timer } from '../ports/index.js'
import { Gathering, MOST } from './gathering.js'
import { kindOf } from './log-appender.js'

/** A message on its way to a log, and whoever waits for what becomes of it. */
export interface Publish {
  readonly request: PublishRequest
  readonly resolve: (outcome: PublishOutcome) => void
  readonly reject: (error: unknown) => void
}

/** Where the publishes of a channel go. */
export interface Outbound {
  /** Sends several in one call. Resolves when it is over, and never rejects. */
  send(publishes: readonly Publish[]): Promise<void>
  /** Whether so many calls are under way, of all channels, that another one would only queue up behind them. */
  isPressed(): boolean
}

/** Publishes in one call that are worth a delay. */
const TOGETHER = 4

/** What a group weighs at most, in characters, unless it is one message: a call holds everybody else up while it runs. */
const MOST_CHARACTERS = 65_536

/**
 * The publishes of one channel. While few come, each leaves at once. Of many, several leave in one call, which costs Redis and
 * this node little more than one of them does: those that come within a delay, and where many calls are under way,
 * those that come during the one before. None waits longer than the delay.
 */
export class PublishQueue {
  private readonly tempo: Tempo
  private readonly gathering = new Gathering()
  private waiting: Publish[] = []
  private characters = 0
  /** What waits is to become as many as are wanted. */
  private isGathering = false
  private timer: Timer
  private underWay = 0

  constructor(
    private readonly clock: Clock,
    private readonly delayMs: number,
    private readonly outbound: Outbound,
  ) {
    this.tempo = new Tempo(clock, delayMs, TOGETHER)
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.waiting.length === 0
  }

  add(publish: Publish): void {
    const isBusy = this.tempo.beat()
    if (!this.takes(publish.request)) this.leave()
    this.waiting.push(publish)
    this.characters += publish.request.payload.length
    if (this.waiting.length === 1 && isBusy) this.gathering.begin(this.clock.now())
    this.isGathering = isBusy && this.waiting.length < this.gathering.wanted
    if (this.isGathering || this.isHeldUp) {
      this.timer ??= this.clock.setTimer(() => this.leave(), this.delayMs)
    } else {
      if (isBusy) this.gathering.filled(this.clock.now())
      this.flush()
    }
  }

  /** Sends what waits. */
  flush(): void {
    if (this.isEmpty) return
    if (this.timer !== undefined) this.clock.clearTimer(this.timer)
    const publishes = this.waiting
    this.waiting = []
    this.characters = 0
    this.isGathering = false
    this.timer = undefined
    this.underWay += 1
    void this.outbound.send(publishes).then(() => this.answered())
  }

  /** Whether it is better to wait for the call before. */
  private get isHeldUp(): boolean {
    return this.underWay > 0 && this.delayMs > 0 && this.waiting.length < MOST && this.outbound.isPressed()
  }

  private answered(): void {
    this.underWay -= 1
    if (!this.isGathering) this.flush()
  }

  /** Sends what waits, though more was wanted. */
  private leave(): void {
    if (this.isGathering) this.gathering.short(this.waiting.length, this.clock.now())
    this.flush()
  }

  /** Whether those that wait may share a call with this one. */
  private takes(request: PublishRequest): boolean {
    const [first] = this.waiting
    if (!first) return true
    if (first.request.retention !== request.retention || kindOf(first.request) !== kindOf(request)) return false
    return this.characters + request.payload.length <= MOST_CHARACTERS
  }
}
