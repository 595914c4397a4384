import type { Network } from '../ports/network.js'

/** What browsers tell. Workers know `online` and `offline` only; Node knows nothing and is always online. */
export const systemNetwork: Network = {
  get online() {
    return globalThis.navigator?.onLine !== false
  },
  watch(listener) {
    const controller = new AbortController()
    const page = typeof document === 'undefined' ? undefined : document
    // The controller has the `signal` that the options of a listener may have.
    const on = (target: Partial<EventTarget> | undefined, type: string, tell: () => void) =>
      target?.addEventListener?.(type, tell, controller)
    const wake = () => page?.visibilityState === 'hidden' || listener('wake')
    on(globalThis, 'online', () => listener('online'))
    on(globalThis, 'offline', () => listener('offline'))
    on(globalThis, 'pageshow', wake)
    on(page, 'resume', wake)
    on(page, 'visibilitychange', wake)
    return () => controller.abort()
  },
}
