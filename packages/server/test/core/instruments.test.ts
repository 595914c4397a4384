import { CLOSE_CODES } from '@org/realtime-protocol'
import { expect, test } from 'vitest'
import { codeLabel } from '../../src/core/instruments.js'

test('close codes of WebSocket and of this protocol are counted one by one', () => {
  for (const code of [1000, 1006, 1009, ...Object.values(CLOSE_CODES).map(({ code }) => code)]) {
    expect(codeLabel(code)).toBe(String(code))
  }
})

test('peers that make up close codes make up few numbers', () => {
  const labels = new Set<string>()
  for (let code = 3_000; code <= 4_999; code++) labels.add(codeLabel(code))
  expect(codeLabel(4_321)).toBe('43xx')
  expect(labels.size).toBe(20 + Object.keys(CLOSE_CODES).length)
})
