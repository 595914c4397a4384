import type { Backend, MemoryBackend } from '../../src/index.js'
import type { VirtualClock } from '../../src/testing/index.js'

/** What went through a narrow backend. */
export interface Passage {
  /** Requests that are under way, and how many were at most. */
  underWay: number
  peak: number
  /** Requests that were refused, because as many were under way as may be. */
  refused: number
  /** Requests, by name. */
  readonly counts: Map<string, number>
  /** Has requests of a name fail, or nothing. */
  fails?: ((name: string, argument: unknown) => boolean) | undefined
  /** Whether requests of an argument are not answered before `hangMs`, and fail then. */
  hangs?: ((argument: unknown) => boolean) | undefined
}

/** How narrow it is. */
interface Width {
  /** Requests that may be under way. */
  readonly most: number
  /** What each takes. */
  readonly tripMs: number
  readonly hangMs?: number
}

/** The requests that are calls to a store: what begins and ends to listen is asked on another way. */
const CALLS = ['publish', 'recover', 'history', 'enter', 'leave', 'list', 'renew', 'reap', 'claim', 'keep', 'release']

/**
 * Puts a way between nodes and a backend that takes a bounded number of requests at a time, and refuses what is above
 * it at once, as the line to Redis does.
 */
export function narrow({ most, tripMs, hangMs = 5_000 }: Width) {
  const passage: Passage = { underWay: 0, peak: 0, refused: 0, counts: new Map() }
  let clock: VirtualClock | undefined
  const wait = (ms: number) => new Promise<void>((resolve) => clock?.setTimer(resolve, ms))
  const pass = async (name: string, args: unknown[], call: (...args: unknown[]) => Promise<unknown>) => {
    if (!clock || !CALLS.includes(name)) return call(...args)
    passage.counts.set(name, (passage.counts.get(name) ?? 0) + 1)
    if (passage.underWay >= most) {
      passage.refused += 1
      throw new Error('no more requests may wait')
    }
    passage.underWay += 1
    passage.peak = Math.max(passage.peak, passage.underWay)
    try {
      await wait(tripMs)
      if (passage.hangs?.(args[0])) {
        await wait(hangMs)
        throw new Error('not answered in time')
      }
      if (passage.fails?.(name, args[0])) throw new Error('refused')
      return await call(...args)
    } finally {
      passage.underWay -= 1
    }
  }
  const through = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) =>
          pass(String(name), args, (...all) => Reflect.apply(method, target, all) as Promise<unknown>)
      },
    })
  const wrap = (backend: MemoryBackend): Backend => ({
    join(handler) {
      const { broker, presence, sessions, ...rest } = backend.join(handler)
      return { ...rest, broker: through(broker), presence: through(presence), sessions: through(sessions) }
    },
  })
  return {
    passage,
    wrap,
    /** From now on it is narrow, and counts from nothing. */
    begin(on: VirtualClock): void {
      clock = on
      Object.assign(passage, { peak: passage.underWay, refused: 0 })
      passage.counts.clear()
    },
  }
}
