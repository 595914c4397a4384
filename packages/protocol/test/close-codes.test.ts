import { describe, expect, test } from 'vitest'
import { CLOSE_CODES, closePolicy, isRefusal, utf8Bytes, type ClosePolicy } from '../src/index.js'
import { protocolText, vectorCases } from './support/files.js'
import { sections, tables } from './support/markdown.js'

interface PolicyCase {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly policy: ClosePolicy
  readonly refusal: boolean
}

const cases = vectorCases<PolicyCase>('close-policy')
const everyCode = Array.from({ length: 4000 }, (_, i) => 1000 + i)

describe('the policy of a close code', () => {
  test.each(cases)('$from to $to: $policy, $name', ({ from, to, policy, refusal }) => {
    for (let code = from; code <= to; code++) {
      expect([code, closePolicy(code), isRefusal(code)]).toEqual([code, policy, refusal])
    }
  })

  test('is said for every code from 1000 to 4999 exactly once', () => {
    for (const code of everyCode) expect(cases.filter(({ from, to }) => from <= code && code <= to)).toHaveLength(1)
  })

  test('is the one that the ranges in PROTOCOL.md name', () => {
    const section = sections(protocolText()).find(({ title }) => title === '6.1 The table')
    const ranges = tables(section?.text ?? '').find(({ head }) => head[0] === 'Codes')?.rows ?? []
    const written = ranges.map((row) => {
      const [from, to = from] = (row['Codes'] ?? '').split('–').map(Number)
      return { from, to, policy: row['Policy'] }
    })
    for (const code of everyCode) {
      const policies = written.filter(({ from = 0, to = 0 }) => from <= code && code <= to).map(({ policy }) => policy)
      expect([code, policies]).toEqual([code, [closePolicy(code)]])
    }
  })

  test.each(Object.entries(CLOSE_CODES))('of %s is that of its row', (_name, { code, policy }) => {
    expect(closePolicy(code)).toBe(policy)
  })

  test('of a code of this protocol follows its range', () => {
    for (const { code, policy } of Object.values(CLOSE_CODES)) {
      expect(code >= 4500 ? ['terminal', 'reauthenticate'] : ['reconnect', 'restart']).toContain(policy)
    }
  })
})

describe('the close codes', () => {
  const rows = Object.values(CLOSE_CODES)

  test('are numbers of their own, in ascending order', () => {
    const codes = rows.map(({ code }) => code)
    expect(codes).toEqual([...new Set(codes)].sort((a, b) => a - b))
  })

  test.each(rows)('$code has a reason that fits a close frame', ({ reason }) => {
    expect(utf8Bytes(reason)).toBeGreaterThan(0)
    expect(utf8Bytes(reason)).toBeLessThanOrEqual(123)
  })

  test('are never refusals', () => {
    expect(rows.filter(({ code }) => isRefusal(code))).toEqual([])
  })
})
