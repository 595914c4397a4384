import type { Contender } from './contenders/contender.js'
import { messageOf } from './message.js'

/** Messages as fast as they go, so many in each turn of the loop. */
export interface Broadcast {
  /** How many messages. */
  readonly messages: number
  /** How many of them in one turn. */
  readonly perTick: number
  /** How many channels take turns. */
  readonly channels: number
}

/** Messages at a rate that does not wait for anybody. */
export interface Pace {
  /** How many messages. */
  readonly messages: number
  /** How many each second. */
  readonly perSecond: number
}

/** Publishes from inside the server, as an application would. A publish that fails fails the order. */
export class Publisher {
  private n = 0
  private failure: unknown

  constructor(private readonly contender: Contender) {}

  /** Resolves when all messages were published. */
  async broadcast({ messages, perTick, channels }: Broadcast): Promise<void> {
    for (let sent = 0; sent < messages; ) {
      for (let i = 0; i < perTick && sent < messages; i++, sent++) this.publish(`c:${this.n % channels}`)
      await afterTurn()
    }
    this.check()
  }

  /** Publishes each message when it is due, late or not. @returns By how much the latest one was late, in milliseconds. */
  async pace({ messages, perSecond }: Pace): Promise<number> {
    const begun = performance.now()
    let latest = 0
    for (let sent = 0; sent < messages; ) {
      const due = Math.min(messages, Math.floor(((performance.now() - begun) * perSecond) / 1_000) + 1)
      if (due > sent) latest = Math.max(latest, performance.now() - begun - (sent * 1_000) / perSecond)
      for (; sent < due; sent++) this.publish('c:0')
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    this.check()
    return latest
  }

  private publish(channel: string): void {
    const outcome = this.contender.publish(channel, messageOf(this.n++))
    if (outcome instanceof Promise) outcome.catch((error: unknown) => (this.failure ??= error))
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure as Error
  }
}

/** Resolves when this turn of the loop is over, with all that was put off to its end. */
export async function afterTurn(): Promise<void> {
  // What a publish puts off can stand behind the first of the two, never behind the second.
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve))
}
