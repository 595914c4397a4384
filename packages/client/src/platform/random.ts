import type { Random } from '../ports/random.js'

/** The chance of the machine. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  id: () =>
    btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))
      .replace(/\+/g, '-')
      .replace(/\//g, '_')
      .slice(0, 22),
}
