import { expect, test } from 'vitest'
import type { Control } from '../../src/index.js'
import { Fellows, type Answerer } from '../../src/core/fellows.js'
import { MemoryControl } from '../../src/memory/memory-control.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { VirtualClock } from '../../src/testing/index.js'

/** Nodes that talk with each other. Each answers as it is told to. */
function nodes() {
  const clock = new VirtualClock()
  const logger = new RecordingLogger()
  const control = new MemoryControl()
  const idle = clock.pending
  return {
    clock,
    logger,
    control,
    idle,
    join(name: string, answerer: Answerer = async (question) => `${name} heard ${String(question)}`) {
      const port: Control = control.join(name, { heard: (from, text) => fellows.heard(from, text) })
      const fellows = new Fellows(port, answerer, clock, logger)
      return fellows
    },
  }
}

/** What a promise has become by now. */
function watched<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: unknown } = {}
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.error = error),
  )
  return seen
}

const never = new Promise<never>(() => undefined)

test('everybody else is asked, and the answers come together', async () => {
  const { join } = nodes()
  const a = join('a')
  join('b')
  join('c')
  expect(await a.ask('hi', 1_000)).toEqual({ answers: ['b heard hi', 'c heard hi'], complete: true })
})

test('who is alone has no answer to wait for', async () => {
  const { join, clock, idle } = nodes()
  expect(await join('a').ask('hi', 1_000)).toEqual({ answers: [], complete: true })
  expect(clock.pending).toBe(idle)
})

test('at the deadline, those who have answered are enough, and it is told that somebody is missing', async () => {
  const { join, clock, idle } = nodes()
  const a = join('a')
  join('b')
  join('c', () => never)
  const asked = watched(a.ask('hi', 1_000))
  await clock.advance(999)
  expect(asked.value).toBeUndefined()
  await clock.advance(1)
  expect(asked.value).toEqual({ answers: ['b heard hi'], complete: false })
  expect(clock.pending).toBe(idle)
})

test('an answer after the deadline, a second one, and one of somebody who was not asked, are for nobody', async () => {
  const { join, clock, control } = nodes()
  const a = join('a')
  const stranger = control.join('b', { heard: () => undefined })
  const first = watched(a.ask(1, 1_000))
  await clock.advance(1_000)
  await stranger.send('a', '{"kind":"answer","id":1,"answer":"late"}')
  const second = watched(a.ask(2, 1_000))
  const late = control.join('c', { heard: () => undefined })
  await late.send('a', '{"kind":"answer","id":2,"answer":"not asked"}')
  await stranger.send('a', '{"kind":"answer","id":2,"answer":"one"}')
  await stranger.send('a', '{"kind":"answer","id":2,"answer":"two"}')
  await clock.settle()
  expect([first.value, second.value]).toEqual([
    { answers: [], complete: false },
    { answers: ['one'], complete: true },
  ])
})

test('who does not understand a question is not waited for, and does not count as an answer', async () => {
  const { join } = nodes()
  const a = join('a')
  join('b', () => Promise.resolve(undefined))
  join('c')
  expect(await a.ask('new', 1_000)).toEqual({ answers: ['c heard new'], complete: false })
})

test('one node can be asked alone', async () => {
  const { join } = nodes()
  const a = join('a')
  join('b')
  join('c')
  expect(await a.ask('hi', 1_000, 'c')).toEqual({ answers: ['c heard hi'], complete: true })
})

test('who gives a question up has whoever works on it told, and the answer is not said any more', async () => {
  const { join, clock, idle } = nodes()
  const a = join('a')
  const signals: AbortSignal[] = []
  const said: Array<() => void> = []
  join('b', (_, signal) => {
    signals.push(signal)
    return new Promise((resolve) => said.push(() => resolve('late')))
  })
  const ending = new AbortController()
  const asked = watched(a.ask('hi', 1_000, 'b', ending.signal))
  await clock.settle()
  ending.abort()
  await clock.settle()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  expect(asked.value).toEqual({ answers: [], complete: false })
  said[0]?.()
  await clock.settle()
  expect(clock.pending).toBe(idle)
})

test('a question that cannot be handed on rejects, and leaves nothing behind', async () => {
  const { clock, logger, idle } = nodes()
  const broken: Control = {
    node: 'a',
    others: () => Promise.resolve(['b']),
    broadcast: () => Promise.reject(new Error('down')),
    send: () => Promise.reject(new Error('down')),
  }
  const a = new Fellows(broken, () => never, clock, logger)
  await expect(a.ask('hi', 1_000)).rejects.toThrow('down')
  expect(clock.pending).toBe(idle)
})

test('an answerer that fails, and words that are none, are reported, and trouble nobody else', async () => {
  const { join, logger, clock, control } = nodes()
  const a = join('a')
  join('b', () => Promise.reject(new Error('bug')))
  join('c')
  const asked = watched(a.ask('hi', 1_000))
  const stranger = control.join('d', { heard: () => undefined })
  for (const text of ['{', 'null', '{"kind":"news"}', '[]', '{"kind":"answer"}']) await stranger.send('a', text)
  await clock.advance(1_000)
  expect(asked.value).toEqual({ answers: ['c heard hi'], complete: false })
  expect(logger.lines.every(({ message }) => message === 'control failed')).toBe(true)
  expect(logger.lines.map(({ fields }) => fields?.['operation'])).toEqual(expect.arrayContaining(['answer', 'heard']))
})

test('who closes waits no more, and tells those at work for others to stop', async () => {
  const { join, clock, idle } = nodes()
  const a = join('a')
  const signals: AbortSignal[] = []
  const b = join('b', (_, signal) => {
    signals.push(signal)
    return never
  })
  const asked = watched(a.ask('hi', 60_000))
  await clock.settle()
  b.close()
  a.close()
  await clock.settle()
  expect([asked.value, signals[0]?.aborted]).toEqual([{ answers: [], complete: false }, true])
  expect(await a.ask('more', 60_000)).toEqual({ answers: [], complete: false })
  expect(clock.pending).toBe(idle)
})
