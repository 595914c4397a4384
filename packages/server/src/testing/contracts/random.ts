import type { Random } from '../../ports/index.js'
import type { TestFramework } from './framework.js'

const DRAWS = 1_000

/**
 * The law of the {@link Random} port as tests, as far as draws can show it: not that nobody can guess.
 *
 * @param framework `{ describe, expect, test }` of vitest or jest.
 * @param name What is tested, for the title.
 * @param create Makes one.
 */
export function randomContract({ describe, expect, test }: TestFramework, name: string, create: () => Random): void {
  describe(`the chance ${name}`, () => {
    const draw = <T>(what: (random: Random) => T): T[] => {
      const random = create()
      return Array.from({ length: DRAWS }, () => what(random))
    }

    test('draws numbers from 0 up to 1, in all parts of it', async () => {
      const drawn = draw((random) => random.fraction())
      expect(drawn.filter((number) => !(number >= 0 && number < 1))).toEqual([])
      const tenths = new Set(drawn.map((number) => Math.floor(number * 10)))
      expect(tenths.size).toBe(10)
    })

    test('makes ids of 22 characters of base64url that differ', async () => {
      const drawn = draw((random) => random.id())
      expect(drawn.filter((id) => !/^[\w-]{22}$/.test(id))).toEqual([])
      expect(new Set(drawn).size).toBe(DRAWS)
    })

    test('gives one text one digest, and another text another', async () => {
      const [one, other] = [create(), create()]
      const texts = ['', 'a', 'b', 'ä', 'a'.repeat(10_000)]
      const digests = texts.map((text) => one.digest(text))
      expect(texts.map((text) => other.digest(text))).toEqual(digests)
      expect(new Set(digests).size).toBe(texts.length)
    })

    test('knows equal texts from others, of whatever length', async () => {
      const random = create()
      const equal = (a: string, b: string): boolean => random.equal(a, b)
      expect([equal('', ''), equal('secret', 'secret'), equal('ä', 'ä')]).toEqual([true, true, true])
      expect([equal('', 'a'), equal('secret', 'secreT'), equal('ä', 'a')]).toEqual([false, false, false])
    })
  })
}
