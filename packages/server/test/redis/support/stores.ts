import { deafNode } from '../../../src/testing/index.js'
import type { NodeHandler } from '../../../src/index.js'
import { systemClock } from '../../../src/platform/system-clock.js'
import { systemRandom } from '../../../src/platform/system-random.js'
import type { LeaseTimes } from '../../../src/redis/node-registry.js'
import type { RedisLine } from '../../../src/redis/line.js'
import type { RedisOptions } from '../../../src/redis/options.js'
import { RedisStores, STORE_LIBRARIES } from '../../../src/redis/redis-stores.js'
import type { RedisServer } from '../../../../../scripts/lib/redis-servers.mjs'
import { lineTo } from './line.js'

let backends = 0

/** Time that words take at most on a machine that is busy. */
const QUIET_MS = 60

interface StoresOptions {
  readonly sessionTtlMs?: number
  readonly leases?: LeaseTimes
  readonly redis?: RedisOptions
}

/** A backend of its own on servers that others use as well: each node has connections of its own, as a process has. */
export function storesOn(
  servers: readonly RedisServer[],
  { sessionTtlMs = 1_000, leases, redis = {} }: StoresOptions = {},
) {
  const keyPrefix = `test${++backends}:`
  const nodes = new Set<{ leave(): Promise<void> }>()
  return {
    keyPrefix,
    async join(handler: Partial<NodeHandler> = {}, ownLeases = leases) {
      const { line, die } = mortal(lineTo(servers, STORE_LIBRARIES, { keyPrefix, ...redis }))
      const stores = new RedisStores({
        line,
        clock: systemClock,
        random: systemRandom,
        handler: { ...deafNode, ...handler },
        sessionTtlMs,
        leases: ownLeases,
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
          await die()
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

/** A line whose process can die: from then on nothing goes out by it, and nothing is answered. */
function mortal(line: RedisLine): { readonly line: RedisLine; die(): Promise<void> } {
  let isDead = false
  const wrapped = new Proxy(line, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown =>
        isDead ? new Promise(() => undefined) : Reflect.apply(member, target, args)
    },
  })
  return {
    line: wrapped,
    die() {
      isDead = true
      return line.close()
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
