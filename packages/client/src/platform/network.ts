import type { Network, NetworkEvent } from '../ports/network.js'

/** What browsers tell. Workers know `online` and `offline` only; Node knows nothing and is always online. */
export const systemNetwork: Network = {
  get online() {
    return globalThis.navigator?.onLine !== false
  },
  watch(listener) {
    const controller = new AbortController()
    const page = globalThis.document as Document | undefined
    const hear = ({ type }: Event) => {
      if (/line/.test(type)) listener(type as NetworkEvent)
      else if (/freeze|hide/.test(type)) listener('sleep')
      else if (page?.visibilityState !== 'hidden') listener('wake')
    }
    // Each event has one of the two for its target.
    for (const target of [globalThis as Partial<EventTarget>, page]) {
      for (const type of ['online', 'offline', 'freeze', 'pagehide', 'pageshow', 'resume', 'visibilitychange']) {
        // The controller has the `signal` that the options of a listener may have.
        target?.addEventListener?.(type, hear, controller)
      }
    }
    return () => controller.abort()
  },
}
