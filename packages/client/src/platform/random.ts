import type { Random } from '../ports/random.js'

/** The chance of the machine. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  // 22 characters hold 132 bits, of which less than one is lost where `+` and `/` become the same.
  id: () =>
    btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))))
      .replace(/\W/g, '_')
      .slice(0, 22),
}
