import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Berth } from '../../src/chaos/fleet.js'
import { NodeError } from '../../src/chaos/node-process.js'
import { ENDED, type Keyed } from '../../src/chaos/protocol.js'
import { Record } from '../../src/chaos/record.js'
import { ServerPublisher } from '../../src/chaos/server-publisher.js'
import type { Chance } from '../../src/sim/chance.js'

vi.mock('node:timers/promises', async () => (await import('./support/virtual-sleep.js')).virtualSleep())
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const channel = 'room:1'
const position = { epoch: 'e', offset: 1 }

/** Servers that do in turn what they are told; then they answer. */
function staged(...answers: ReadonlyArray<() => Promise<unknown>>) {
  const asked: Array<readonly [node: string, key: string]> = []
  const berths = ['node1', 'node2'].map((name) => ({
    name,
    process: {
      ask(_kind: string, { payload }: Keyed) {
        asked.push([name, payload.id])
        return answers[asked.length - 1]?.() ?? Promise.resolve(position)
      },
    },
  })) as unknown as Berth[]
  const record = new Record()
  const servers = new ServerPublisher(berths, 'servers', record)
  return { asked, record, servers, acks: () => record.history.filter(({ type }) => type === 'pub.ok') }
}

/** Draws the first server, and whether one that succeeds is repeated all the same. */
const drawing = (isDoubted: boolean) => ({ happens: () => isDoubted, index: () => 0 }) as unknown as Chance
const [sure, doubting] = [drawing(false), drawing(true)]
const fails = (code?: string) => () => Promise.reject(new NodeError('no', code))

test('a publish that fails is repeated with its key, on the next server, until it succeeds', async () => {
  const { servers, asked, record, acks } = staged(fails('UNAVAILABLE'), fails(ENDED))
  servers.publish(channel, sure)
  await vi.waitFor(() => expect(servers.pending).toBe(0))
  expect(asked).toEqual([
    ['node1', 'servers-1'],
    ['node2', 'servers-1'],
    ['node1', 'servers-1'],
  ])
  expect(record.history.filter(({ type }) => type === 'pub.invoke')).toHaveLength(1)
  expect(acks()).toMatchObject([{ id: 'servers-1', position }])
  expect(servers.repeats).toEqual({ afterError: 2, inDoubt: 0 })
})

test('one that gets no answer is repeated while the first copy is under way, which is waited for', async () => {
  let answer: (value: unknown) => void = () => undefined
  const { servers, asked, acks } = staged(() => new Promise((resolve) => (answer = resolve)))
  servers.publish(channel, sure)
  await vi.waitFor(() => expect(acks()).toHaveLength(1))
  expect(asked).toHaveLength(2)
  expect(servers.pending).toBe(1)
  answer(position)
  await vi.waitFor(() => expect(servers.pending).toBe(0))
  expect(acks()).toHaveLength(2)
})

test('one that succeeds is repeated in doubt, and acknowledged twice', async () => {
  const { servers, acks } = staged()
  servers.publish(channel, doubting)
  await vi.waitFor(() => expect(servers.pending).toBe(0))
  expect(acks()).toHaveLength(2)
  expect(servers.repeats).toEqual({ afterError: 0, inDoubt: 1 })
})

test('any other error is one that nobody foresaw, and ends it', async () => {
  const { servers, asked, record } = staged(fails('INVALID_DATA'))
  servers.publish(channel, sure)
  await vi.waitFor(() => expect(servers.pending).toBe(0))
  expect(asked).toHaveLength(1)
  expect(record.surprises).toHaveLength(1)
})

test('when the round is over nothing is repeated, and no answer is written down', async () => {
  let answer: (value: unknown) => void = () => undefined
  const { servers, asked, acks } = staged(() => new Promise((resolve) => (answer = resolve)))
  servers.publish(channel, doubting)
  servers.end()
  answer(position)
  await vi.waitFor(() => expect(servers.pending).toBe(0))
  expect(asked).toHaveLength(1)
  expect(acks()).toEqual([])
})
