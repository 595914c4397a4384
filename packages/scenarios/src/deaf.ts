import type { Backend } from '@org/realtime-server'

const nothing = (): void => undefined

/** A node that only reads: whatever a backend tells it, it does not hear. */
export const deaf: Parameters<Backend['join']>[0] = {
  deliver: nothing,
  resync: nothing,
  verify: nothing,
  degraded: nothing,
  superseded: nothing,
  presenceChanged: nothing,
  heard: nothing,
}
