import { seededRandom as seeded } from '@org/realtime-protocol/testing'
import { systemRandom } from '../platform/system-random.js'
import type { Random } from '../ports/index.js'

/**
 * Repeatable chance for a server: the same seed gives the same numbers and ids in the same order. Give each server and
 * each client of a test a seed of its own, or they make the same ids. Digests are those of production.
 *
 * @param seed Any whole number; its lowest 32 bits count.
 */
export function seededRandom(seed: number): Random {
  return { ...systemRandom, ...seeded(seed) }
}
