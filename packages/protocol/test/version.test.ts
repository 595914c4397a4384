import { describe, expect, test } from 'vitest'
import { negotiate, RESERVED_SUBPROTOCOLS, SUBPROTOCOL } from '../src/index.js'

describe('choosing the subprotocol', () => {
  test.each([
    [[SUBPROTOCOL], SUBPROTOCOL],
    [['chat', SUBPROTOCOL, 'other'], SUBPROTOCOL],
    [new Set([SUBPROTOCOL]), SUBPROTOCOL],
    [[], undefined],
    [['chat'], undefined],
    [['realtime.v1'], undefined],
    [['REALTIME.V1.JSON'], undefined],
    [['realtime.v2.json'], undefined],
    [RESERVED_SUBPROTOCOLS, undefined],
  ])('%j gives %s', (offered, chosen) => {
    expect(negotiate(offered)).toBe(chosen)
  })
})
