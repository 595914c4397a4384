import { deafNode } from '../../../src/testing/index.js'
import type { NodeHandler } from '../../../src/index.js'
import { systemClock } from '../../../src/platform/system-clock.js'
import { systemRandom } from '../../../src/platform/system-random.js'
import type { LeaseTimes } from '../../../src/redis/node-registry.js'
import { RedisStores, STORE_LIBRARIES } from '../../../src/redis/redis-stores.js'
import type { RedisServer } from '../../../../../scripts/lib/redis-servers.mjs'
import { lineTo } from './line.js'

let backends = 0

/** Time that words take at most on a machine that is busy. */
const QUIET_MS = 60

/** A backend of its own on servers that others use as well: each node has connections of its own, as a process has. */
export function storesOn(
  servers: readonly RedisServer[],
  { sessionTtlMs = 1_000, leases }: { readonly sessionTtlMs?: number; readonly leases?: LeaseTimes } = {},
) {
  const keyPrefix = `test${++backends}:`
  const nodes = new Set<{ leave(): Promise<void> }>()
  return {
    keyPrefix,
    async join(handler: Partial<NodeHandler> = {}) {
      const line = lineTo(servers, STORE_LIBRARIES, { keyPrefix })
      const stores = new RedisStores({
        line,
        clock: systemClock,
        random: systemRandom,
        handler: { ...deafNode, ...handler },
        sessionTtlMs,
        leases,
      })
      await stores.control.join()
      const node = {
        line,
        stores,
        async leave() {
          nodes.delete(node)
          await stores.close()
          await line.close()
        },
        /** Ends it as a crash does: nothing is given up. */
        async crash() {
          nodes.delete(node)
          await line.close()
        },
      }
      nodes.add(node)
      return node
    },
    advance: sleep,
    quiet: () => sleep(QUIET_MS),
    eventually,
    async dispose() {
      await Promise.all([...nodes].map((node) => node.leave()))
    },
  }
}

/** Waits until a condition holds. */
export async function eventually(condition: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not come to pass')
    await sleep(5)
  }
}

/** Lets time pass. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
