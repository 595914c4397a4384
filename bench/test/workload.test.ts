import { describe, expect, it } from 'vitest'
import { readArguments } from '../src/arguments.js'
import { wishes } from '../src/generator/wishes.js'
import { dueOf, MESSAGE_BYTES, messageOf } from '../src/message.js'
import { ROWS } from '../src/rows/index.js'
import { sizeOf } from '../src/run-row.js'

describe('a message', () => {
  it.each([0, 9, 10, 123_456])('has the same size whatever its number is: %d', (n) => {
    expect(Buffer.byteLength(JSON.stringify(messageOf(n)))).toBe(MESSAGE_BYTES)
    expect(Buffer.byteLength(JSON.stringify(messageOf(n, 1_234.5)))).toBe(MESSAGE_BYTES)
  })

  it.each([0, 0.001, 98_765_432.1])('tells in its frame when it was due: %d ms', (dueMs) => {
    const frame = Buffer.from(`before42["message",${JSON.stringify(messageOf(7, dueMs))}]after`)
    expect(dueOf(frame, 6, frame.length - 5)).toBeCloseTo(dueMs, 3)
  })

  it('that does not tell is no measurement', () => {
    const frame = Buffer.from(JSON.stringify(messageOf(7)))
    expect(() => dueOf(frame, 0, frame.length)).toThrow('without the time it was due')
  })
})

describe('a crowd', () => {
  it.each([
    [10_000, 1_000],
    [1_000, 100],
    [500, 50],
  ])('of %d links subscribes each of %d channels equally often, and no link twice to one', (links, count) => {
    const subscribers = new Map<string, number>()
    for (const { channels } of wishes({ links, channels: count, each: 5 })) {
      expect(new Set(channels).size).toBe(5)
      for (const channel of channels) subscribers.set(channel, (subscribers.get(channel) ?? 0) + 1)
    }
    expect(subscribers.size).toBe(count)
    expect(new Set(subscribers.values())).toEqual(new Set([50]))
  })

  it('mixes its links: those that share one channel do not share all', () => {
    const all = wishes({ links: 10_000, channels: 1_000, each: 5 })
    const companions = all.filter(({ channels }) => channels.includes('c:0'))
    expect(new Set(companions.map(({ channels }) => channels.join())).size).toBeGreaterThan(1)
  })

  it.each([
    [6, 3, 2],
    [7, 4, 2],
    [5, 2, 1],
  ])('refuses %d links in %d channels with %d each, which do not come out even', (links, count, each) => {
    expect(() => wishes({ links, channels: count, each })).toThrow(RangeError)
  })

  it('goes on counting where another crowd ended', () => {
    expect(wishes({ links: 2, from: 10, channels: 2, each: 1 }).map(({ index }) => index)).toEqual([10, 11])
  })

  it('has channels of its own where it says so', () => {
    const crowd = wishes({ links: 2, channels: 2, each: 1, firstChannel: 5 })
    expect(crowd.flatMap(({ channels }) => channels)).toEqual(['c:5', 'c:6'])
  })
})

describe('the command line', () => {
  const known = ['one', 'two']
  it('asks for five runs of everything at full size, and keeps them, unless it says otherwise', () => {
    expect(readArguments([], known)).toEqual({ rows: [], runs: 5, seconds: 1.5, scale: 1, writes: true })
  })
  it.each([[['--runs', '4']], [['--seconds', '1']], [['--scale', '0.5']], [['one']]])(
    'keeps nothing with %j',
    (args) => {
      expect(readArguments(args, known).writes).toBe(false)
    },
  )
  it('keeps what is small when it is told to', () => {
    expect(readArguments(['--runs', '1', '--write'], known).writes).toBe(true)
  })
  it('keeps some rows when it is told to, at full size', () => {
    expect(readArguments(['one', '--write'], known).writes).toBe(true)
  })
  it('takes rows and settings in any order', () => {
    const args = ['--runs', '1', 'two', '--scale', '0.1', '--seconds', '0.5']
    expect(readArguments(args, known)).toEqual({ rows: ['two'], runs: 1, seconds: 0.5, scale: 0.1, writes: false })
  })
  it.each([
    [['three'], /Unknown row: three. The rows are one, two/],
    [['--runs', '1.5'], /--runs takes a whole number/],
    [['--seconds', '0'], /--seconds takes a number above 0/],
    [['one', '--write', '--runs', '2'], /--write takes all rows, or some at full size/],
    [['--scale', '2'], /--scale takes a number up to 1/],
  ])('says what is wrong with %j', (args, why) => expect(() => readArguments(args, known)).toThrow(why))
})

describe('the rows', () => {
  it('have names of their own, measure ours, and aim at somebody they measure', () => {
    expect(new Set(ROWS.map(({ id }) => id)).size).toBe(ROWS.length)
    for (const { contenders, targets } of ROWS) {
      expect(contenders[0]).toBe('realtime')
      expect(targets.length).toBeGreaterThan(0)
      for (const { against } of targets) if (against) expect(contenders).toContain(against)
    }
  })
})

describe('a size', () => {
  it('takes its part of the links, but not less than makes sense', () => {
    const { links } = sizeOf(1, 0.01)
    expect([links(10_000), links(50), links(100, 20)]).toEqual([100, 1, 20])
  })
})
