import { describe, expect, test } from 'vitest'
import { systemRandom } from '../../src/platform/system-random.js'
import { clockContract, randomContract, seededRandom, VirtualClock } from '../../src/testing/index.js'

const framework = { describe, expect, test }

clockContract(framework, 'of the kit', () => {
  const clock = new VirtualClock()
  return { clock, advance: (ms) => clock.advance(ms) }
})

randomContract(framework, 'of the kit', () => seededRandom(1))
randomContract(framework, 'of the machine', () => systemRandom)

test('chance of the kit is that of its seed', () => {
  expect(seededRandom(1).id()).toBe(seededRandom(1).id())
  expect(seededRandom(1).id()).not.toBe(seededRandom(2).id())
})
