import type { Timer } from '../ports/index.js'
import type { LineParts, RedisSettings } from './settings.js'

/** Misses in a row after which a connection is deaf. */
const MISSES = 2

/** How a probe is sent, and whom it tells. */
export interface Probed {
  /** Publishes a text to the topic of the probe, as publications are. */
  say(text: string): Promise<unknown>
  /** Redis published, and it was not heard. */
  deaf(): void
}

/**
 * Publishes to a connection of our own, as publications are published, and sees whether it arrives: a connection for topics
 * can go deaf without an error, and a quiet one looks the same.
 */
export class Probe {
  private timer: Timer
  private round = 0
  private expected = ''
  private misses = 0

  constructor(
    private readonly probed: Probed,
    private readonly settings: RedisSettings,
    private readonly parts: LineParts,
  ) {}

  /** Begins anew, on a connection that is new. */
  start(): void {
    this.stop()
    this.later()
  }

  stop(): void {
    this.round += 1
    this.misses = 0
    this.expected = ''
    this.parts.clock.clearTimer(this.timer)
  }

  /** A text of the topic has arrived. */
  heard(text: string): void {
    if (text !== this.expected) return
    this.expected = ''
    this.misses = 0
    this.parts.clock.clearTimer(this.timer)
    this.later()
  }

  private later(): void {
    const jitter = 0.75 + this.parts.random.fraction() / 2
    this.timer = this.parts.clock.setTimer(() => this.fire(), this.settings.probeIntervalMs * jitter)
  }

  private fire(): void {
    const round = ++this.round
    const text = String(round)
    this.expected = text
    this.probed.say(text).then(
      () => this.said(round, text),
      // Redis did not publish: that says nothing about who listens.
      () => {
        if (round === this.round) this.later()
      },
    )
  }

  private said(round: number, text: string): void {
    if (round !== this.round || this.expected !== text) return
    this.timer = this.parts.clock.setTimer(() => {
      this.misses += 1
      if (this.misses < MISSES) return this.fire()
      this.stop()
      this.probed.deaf()
    }, this.settings.commandTimeoutMs)
  }
}
