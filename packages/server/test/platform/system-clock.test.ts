import { expect, test, vi } from 'vitest'
import { systemClock } from '../../src/platform/system-clock.js'

test('a delay longer than a timer of Node can take is shortened to that, and does not fire at once', () => {
  const setTimeout = vi.spyOn(globalThis, 'setTimeout')
  for (const delayMs of [5, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
    systemClock.clearTimer(systemClock.setTimer(() => undefined, delayMs))
  }
  expect(setTimeout.mock.calls.map(([, delayMs]) => delayMs)).toEqual([5, 2 ** 31 - 1, 2 ** 31 - 1])
})
