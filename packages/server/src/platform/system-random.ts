import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Random } from '../ports/index.js'

const ID_BYTES = 16

/** Randomness and digests of Node's crypto module. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  id: () => randomBytes(ID_BYTES).toString('base64url'),
  digest: (text) => createHash('sha256').update(text).digest('base64url'),
  equal(a, b) {
    const left = Buffer.from(a)
    const right = Buffer.from(b)
    return left.length === right.length && timingSafeEqual(left, right)
  },
}
