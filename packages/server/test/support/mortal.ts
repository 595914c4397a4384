import type { Backend, Clock, MemoryBackend, NodeHandler } from '../../src/index.js'
import type { VirtualClock } from '../../src/testing/index.js'

/** Time and backend for a node that can be killed, so that it does nothing more, and suspended, so that it does it later. */
export function mortal(time: VirtualClock, inner: MemoryBackend) {
  let state: 'alive' | 'suspended' | 'dead' = 'alive'
  const waiting: Array<() => void> = []
  const run = (action: () => void): void => {
    if (state === 'alive') action()
    else if (state === 'suspended') waiting.push(action)
  }
  const clock: Clock = {
    now: () => time.now(),
    date: () => time.date(),
    setTimer: (callback, delayMs) => time.setTimer(() => run(callback), delayMs),
    clearTimer: (timer) => time.clearTimer(timer),
    soon: (callback) => time.soon(() => run(callback)),
  }
  /** Calls of a port that begin and end only while the node runs. */
  const port = <T extends object>(calls: T): T =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]: [string, (...args: unknown[]) => Promise<unknown>]) => [
        name,
        (...args: unknown[]) =>
          new Promise((resolve, reject) => {
            run(() => void call(...args).then((value) => run(() => resolve(value)), reject))
          }),
      ]),
    ) as T
  const backend: Backend = {
    join(handler) {
      const told = Object.fromEntries(
        (['deliver', 'degraded', 'resync', 'verify', 'superseded', 'presenceChanged', 'heard'] as const).map((name) => [
          name,
          (...args: unknown[]) => run(() => (handler[name] as (...given: unknown[]) => void).apply(handler, args)),
        ]),
      ) as unknown as NodeHandler
      const { broker, sessions, presence, control, close } = inner.join(told)
      const { node, ...calls } = control
      return {
        broker: port(broker),
        sessions: port(sessions),
        presence: port(presence),
        control: { node, ...port(calls) },
        close,
      }
    },
  }
  return {
    clock,
    backend,
    /** From now on the node does nothing, not even tidy up. */
    kill: () => void (state = 'dead'),
    suspend: () => void (state = 'suspended'),
    wake() {
      state = 'alive'
      for (const action of waiting.splice(0)) action()
    },
  }
}
