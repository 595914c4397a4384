import { sharedNow } from './clock.js'
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
  /** Whether messages say when they were due. Default: false. */
  readonly isTimed?: boolean
  /** Where to, in turn. Default: the channel of the row's links. */
  readonly channels?: readonly string[]
}

/** Channels that nobody hears. */
const UNHEARD = Array.from({ length: 40 }, (_, i) => `c:unheard-${i}`)

/**
 * Enough of what nobody hears for the code of a publish to be compiled, which at the rate of a row takes minutes: in one
 * channel, which is busy then, and in several, which are not; there several at a time, and then one by one. A server does not
 * go on compiling what it does all day, and a row that is over in seconds would measure little else.
 */
export const WARM_UPS: readonly Pace[] = [
  { messages: 2_500, perSecond: 2_500, channels: ['c:unheard'] },
  { messages: 8_000, perSecond: 5_000, channels: UNHEARD },
  { messages: 4_000, perSecond: 800, channels: UNHEARD },
]

/** Messages as fast as they are acknowledged. */
export interface Flood {
  /** How many are under way at a time. */
  readonly underWay: number
  /** How long it goes on. */
  readonly seconds: number
  /** How many channels take turns. */
  readonly channels: number
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
  async pace({ messages, perSecond, isTimed = false, channels = ['c:0'] }: Pace): Promise<number> {
    const begun = sharedNow()
    const dueMs = (n: number): number => begun + (n * 1_000) / perSecond
    let latest = 0
    for (let sent = 0; sent < messages; ) {
      const due = Math.min(messages, Math.floor(((sharedNow() - begun) * perSecond) / 1_000) + 1)
      if (due > sent) latest = Math.max(latest, sharedNow() - dueMs(sent))
      for (; sent < due; sent++) {
        this.publish(channels[sent % channels.length] ?? '', isTimed ? dueMs(sent) : undefined)
      }
      // Whoever looks more often than there is something to do would be part of what is measured.
      const waitMs = Math.max(1, Math.ceil(dueMs(sent) - sharedNow()))
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
    this.check()
    return latest
  }

  /** Publishes for a while; each message that is acknowledged makes room for another. @returns How many there were. */
  async flood({ underWay, seconds, channels }: Flood): Promise<number> {
    const end = performance.now() + seconds * 1_000
    let published = 0
    const lane = async (): Promise<void> => {
      while (performance.now() < end) {
        await this.contender.publish(`c:${this.n % channels}`, messageOf(this.n++))
        published += 1
      }
    }
    await Promise.all(Array.from({ length: underWay }, lane))
    return published
  }

  private publish(channel: string, dueMs?: number): void {
    const outcome = this.contender.publish(channel, messageOf(this.n++, dueMs))
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
