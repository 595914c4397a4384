import { expect, test } from 'vitest'
import { SparingLogger } from '../../src/core/sparing.js'
import { VirtualClock } from '../../src/testing/index.js'
import { RecordingLogger } from '../support/recording-logger.js'

function setUp() {
  const clock = new VirtualClock()
  const lines = new RecordingLogger()
  let isAway = false
  const logger = new SparingLogger(lines, clock, () => isAway)
  const fail = (count: number, operation = 'read') => {
    for (let i = 0; i < count; i++) logger.error('broker failed', { channel: `c${i}`, operation })
  }
  const errors = () =>
    lines.lines.filter(({ level }) => level === 'error').map(({ message, fields }) => [message, fields])
  return { clock, lines, logger, fail, errors, away: (value: boolean) => (isAway = value) }
}

test('of many operations that fail together three are said, and then how many there were besides', async () => {
  const { clock, lines, fail, errors } = setUp()
  fail(50_000)
  fail(2, 'unsubscribe')
  expect(errors()).toHaveLength(5)
  await clock.advance(10_000)
  expect(errors().slice(5)).toEqual([['broker failed: read failed more often', { failures: 49_997 }]])
  expect(lines.of('debug')).toHaveLength(49_997)
  fail(1)
  expect(errors()).toHaveLength(7)
})

test('while the backend is away it is one line a minute', async () => {
  const { clock, fail, errors, away } = setUp()
  away(true)
  fail(1_000)
  await clock.advance(59_000)
  fail(1_000)
  expect(errors()).toHaveLength(1)
  await clock.advance(1_000)
  fail(1_000)
  expect(errors()).toHaveLength(2)
})

test('what is no operation is always said', () => {
  const { logger, lines } = setUp()
  for (let i = 0; i < 10; i++) logger.error('a rule threw', { channel: 'c' })
  for (const level of ['debug', 'info', 'warn'] as const) logger[level]('said', { operation: 'read' })
  expect(lines.of('error')).toHaveLength(10)
  expect(['debug', 'info', 'warn'].map((level) => lines.of(level as 'info').length)).toEqual([1, 1, 1])
})

test('when the node closes, what was not said is, and no timer is left', () => {
  const { clock, logger, fail, errors } = setUp()
  fail(5)
  logger.close()
  expect([errors().length, clock.pending]).toEqual([4, 0])
})
