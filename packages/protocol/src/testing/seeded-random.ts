const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ID_WORDS = 4

/** Chance that a test can repeat. */
export interface SeededRandom {
  /** A number from 0 up to, but not including, 1. */
  fraction(): number
  /** 22 characters of base64url. Repeatable, so no secret. */
  id(): string
}

/**
 * Repeatable chance: the same seed gives the same numbers and ids in the same order. Give each server and each client of
 * a test a seed of its own, or they make the same ids.
 *
 * @param seed Any whole number; its lowest 32 bits count.
 */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0
  // mulberry32
  const word = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    fraction: () => word() / 2 ** 32,
    id: () => base64url(Array.from({ length: ID_WORDS }, word)),
  }
}

/** The bytes of some 32-bit words, lowest first. */
function base64url(words: readonly number[]): string {
  const bytes = words.flatMap((word) => [word, word >>> 8, word >>> 16, word >>> 24].map((part) => part & 0xff))
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.slice(i, i + 3)
    const group = (a << 16) | (b << 8) | c
    const characters = [18, 12, 6, 0].map((shift) => ALPHABET[(group >> shift) & 63]).join('')
    text += characters.slice(0, Math.min(3, bytes.length - i) + 1)
  }
  return text
}
