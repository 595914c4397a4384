import type { NodeHandler } from '../../ports/index.js'

/** A node that takes no notice of what it is told, for fixtures: `backend.join({ ...deafNode, deliver })`. */
export const deafNode: NodeHandler = {
  deliver: () => undefined,
  degraded: () => undefined,
  resync: () => undefined,
  verify: () => undefined,
  superseded: () => undefined,
  heard: () => undefined,
  presenceChanged: () => undefined,
}
