import type { NodeHandler } from '../../src/index.js'

/** A node that takes no notice of what it is told. */
export const DEAF: NodeHandler = {
  deliver: () => undefined,
  degraded: () => undefined,
  resync: () => undefined,
  superseded: () => undefined,
  heard: () => undefined,
  presenceChanged: () => undefined,
}
