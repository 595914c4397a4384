import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../sim/chance.js'
import type { Berth } from './fleet.js'
import { NodeError } from './node-process.js'
import { ENDED } from './protocol.js'
import type { Record } from './record.js'

/** Errors after which nobody knows whether the message is stored. */
const UNKNOWN = ['UNAVAILABLE', ENDED]
/** Who gets an error waits this long, and who gets no answer so long: the first copy may still be under way then. */
const PAUSE_MS = 100
const PATIENCE_MS = 500
/** How many of those that succeed are repeated all the same: as by somebody who ended before it was written down. */
const DOUBTED = 0.2

/**
 * What the code of servers publishes in a round: each message with a key, repeated with that key on whatever server there is,
 * until it is known where it is stored.
 */
export class ServerPublisher {
  /** Messages of which nobody knows yet where they are stored, and copies that are under way. */
  pending = 0
  /** How often one was repeated: after an error, or without an answer, or in doubt alone. */
  readonly repeats = { afterError: 0, inDoubt: 0 }
  private serial = 0
  private isOver = false

  /** @param name of this round alone: ids and keys begin with it. */
  constructor(
    private readonly berths: readonly Berth[],
    private readonly name: string,
    private readonly record: Record,
  ) {}

  /** Publishes one message by one of the servers, and by others where that one fails. */
  publish(channel: string, chance: Chance): void {
    const id = `${this.name}-${++this.serial}`
    const isDoubted = chance.happens(DOUBTED)
    const first = chance.index(this.berths.length)
    this.record.add({ type: 'pub.invoke', publisher: this.name, channel, id, isKeyed: true })
    this.pending += 1
    const over = () => void (this.pending -= 1)
    void this.insist(channel, id, first, isDoubted).then(over)
  }

  /** The round is over: what has not succeeded by now is left, and what is answered later is nobody's. */
  end(): void {
    this.isOver = true
  }

  private async insist(channel: string, id: string, first: number, isDoubted: boolean): Promise<void> {
    for (let turn = first, due = isDoubted ? 2 : 1; due > 0 && !this.isOver; turn++) {
      const late = sleep(PATIENCE_MS, 'late' as const, { ref: false })
      const answer = await Promise.race([this.ask(turn, channel, id), late])
      if (answer === 'over' && --due > 0) this.repeats.inDoubt += 1
      if (answer !== 'over') this.repeats.afterError += 1
      if (answer === 'unknown') await sleep(PAUSE_MS)
    }
  }

  private async ask(turn: number, channel: string, id: string): Promise<'over' | 'unknown'> {
    const { berths, record, name: publisher } = this
    this.pending += 1
    try {
      const berth = berths[turn % berths.length]
      const position = await berth?.process.ask('publish', { channel, payload: { id, pad: '' } })
      if (position && !this.isOver) record.add({ type: 'pub.ok', publisher, channel, id, position })
    } catch (error) {
      if (error instanceof NodeError && UNKNOWN.includes(error.code ?? '')) return 'unknown'
      record.unexpected(error)
    } finally {
      this.pending -= 1
    }
    return 'over'
  }
}
