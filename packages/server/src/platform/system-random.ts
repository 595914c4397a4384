import { createHash, randomFillSync, timingSafeEqual } from 'node:crypto'
import type { Random } from '../ports/index.js'

const ID_BYTES = 16

/** Random bytes that no id has yet. Asking the system for those of one id costs more than all else a publish does. */
const pool = Buffer.alloc(256 * ID_BYTES)
let used = pool.length

function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += ID_BYTES
  return pool.toString('base64url', used - ID_BYTES, used)
}

/** Randomness and digests of Node's crypto module. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  id: randomId,
  digest: (text) => createHash('sha256').update(text).digest('base64url'),
  equal(a, b) {
    const left = Buffer.from(a)
    const right = Buffer.from(b)
    return left.length === right.length && timingSafeEqual(left, right)
  },
}
