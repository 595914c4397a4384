import { closePolicy } from '@org/realtime-protocol'
import type { Clock } from '../ports/index.js'
import type { Target } from './target.js'

/** How a link is sent away. */
export interface Dismissal {
  /** Close code, 4000 to 4999. */
  readonly code: number
  /** Why, in words for a log. */
  readonly reason: string
}

/** Time for which it is known who was sent away. An application decides in less who somebody is. */
const KEPT_MS = 60_000
const MOST = 1_000

/**
 * Who was sent away a moment ago. A link that the application was still looking at then, and has let in by what it knew
 * before, is sent away as well.
 */
export class Dismissals {
  /** How many there were. */
  count = 0

  private readonly latest = new Map<string, Dismissal & { readonly at: number; readonly number: number }>()

  constructor(private readonly clock: Clock) {}

  /** Somebody was sent away. */
  add(target: Target, dismissal: Dismissal): void {
    const now = this.clock.now()
    for (const [key, { at }] of this.latest) {
      if (this.latest.size < MOST && now - at < KEPT_MS) break
      this.latest.delete(key)
    }
    const key = keyOf(target)
    // At the end, for the oldest go first.
    this.latest.delete(key)
    this.latest.set(key, { ...dismissal, at: now, number: ++this.count })
  }

  /** Whether a session was ended for good: its record can be there still, while the node that ended it tells the store. */
  isOver(session: string): boolean {
    const dismissal = this.latest.get(keyOf({ session }))
    if (!dismissal || this.clock.now() - dismissal.at >= KEPT_MS) return false
    return closePolicy(dismissal.code) !== 'reconnect'
  }

  /** How somebody was sent away after the first so many. */
  since(count: number, session: string, user: string | null): Dismissal | undefined {
    const found = [keyOf({ session }), ...(user === null ? [] : [keyOf({ user })])].map((key) => this.latest.get(key))
    return found.find((dismissal) => dismissal && dismissal.number > count)
  }
}

function keyOf(target: Target): string {
  return 'user' in target ? `user ${target.user}` : `session ${target.session}`
}
