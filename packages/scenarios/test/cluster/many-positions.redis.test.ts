import { RealtimeClient } from '@org/realtime-client'
import { RealtimeServer } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import type { Program } from '../../src/chaos/bundle.js'
import { FaultProxy } from '../../src/fault-proxy/index.js'
import { operatedProgram } from './operated.js'
import { servers, serverOf, soon } from './stage.js'

const CHANNELS = Array.from({ length: 8 }, (_, i) => `room:${i}`)
const GROUPS = 40
const GROUP = 5
const LAST = GROUPS + 10
/** Of a log, for 200 who ask: those that come at once, before the first one is answered, are read for by themselves. */
const READINGS_OF_A_LOG = 25

let program: Program

beforeAll(async () => {
  program = await operatedProgram()
})

afterAll(() => program?.remove())

/** A client of all channels, and what it got of each. */
class Reader {
  readonly client: RealtimeClient
  readonly heard = new Map<string, unknown[]>()
  readonly gaps: unknown[] = []
  readonly resumed: boolean[] = []
  readonly ready: Promise<unknown>

  constructor(url: string, user: string) {
    this.client = new RealtimeClient(url, { token: () => user, reconnect: { minMs: 50, baseMs: 100, maxMs: 300 } })
    onTestFinished(() => this.client.close())
    this.client.on('connected', ({ resumed }) => this.resumed.push(resumed))
    const channels = CHANNELS.map((name) => {
      const heard: unknown[] = []
      this.heard.set(name, heard)
      const channel = this.client.channel(name)
      channel.on('message', ({ data }) => heard.push(data))
      channel.on('gap', (gap) => this.gaps.push(gap))
      return channel.ready()
    })
    this.ready = Promise.all(channels)
  }

  has(count: number): boolean {
    return [...this.heard.values()].every(({ length }) => length >= count)
  }
}

/** Counts how often Redis runs one of our functions from now on: its slow log takes every command for slow. */
async function counting(store: RedisServer, fn: RegExp) {
  await store.command('CONFIG', 'SET', 'slowlog-max-len', '100000')
  await store.command('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
  await store.command('SLOWLOG', 'RESET')
  return async (): Promise<number> => {
    type Row = readonly [id: number, at: number, micros: number, args: readonly string[]]
    const rows = (await store.command('SLOWLOG', 'GET', '-1')) as readonly Row[]
    return rows.filter(([, , , [command = '', name = '']]) => /^fcall/i.test(command) && fn.test(name)).length
  }
}

test('200 clients at 40 positions of the same channels come to another server when theirs got SIGKILL: each gets exactly what it missed, from few readings', async () => {
  const { fleet, redis: store } = await servers(program.file, 2)
  const [dying, staying] = [serverOf(fleet, 0), serverOf(fleet, 1)]
  const publisher = new RealtimeServer(undefined, { backend: redis({ url: store.url }) })
  onTestFinished(() => publisher.close())
  publisher.channel('room:{room}', {})
  let last = 0
  const publish = async (upTo: number) => {
    for (; last < upTo; last++) await Promise.all(CHANNELS.map((name) => publisher.publish(name, last + 1)))
  }

  const groups = await Promise.all(
    Array.from({ length: GROUPS }, async (_, i) => {
      const proxy = await FaultProxy.listen(dying.berth.process.port)
      onTestFinished(() => proxy.close())
      const url = `ws://127.0.0.1:${proxy.port}/realtime`
      return { proxy, readers: Array.from({ length: GROUP }, (_, j) => new Reader(url, `user ${i} ${j}`)) }
    }),
  )
  const readers = groups.flatMap((group) => group.readers)
  await Promise.all(readers.map(({ ready }) => ready))
  // One group after the other loses its links, each a message later than the one before.
  for (const { proxy, readers } of groups) {
    await publish(last + 1)
    await soon(() => expect(readers.every((reader) => reader.has(last))).toBe(true))
    await proxy.refuse()
    proxy.reset()
  }
  await dying.berth.process.kill()
  await publish(LAST)
  expect(readers.map(({ heard }) => heard.get('room:0')?.length)).toEqual(
    readers.map((_, i) => 1 + Math.floor(i / GROUP)),
  )

  const readings = await counting(store, /^rt1_log_\w+_read$/)
  for (const { proxy } of groups) {
    proxy.switchTo(staying.berth.process.port)
    await proxy.admit()
  }
  await soon(() => expect(readers.filter((reader) => !reader.has(LAST))).toHaveLength(0))
  const all = Array.from({ length: LAST }, (_, i) => i + 1)
  await publish(LAST + 1)
  await soon(() => expect(readers.filter((reader) => !reader.has(LAST + 1))).toHaveLength(0))
  for (const { heard, gaps, resumed } of readers) {
    for (const got of heard.values()) expect(got).toEqual([...all, LAST + 1])
    expect(gaps).toEqual([])
    expect(resumed).toEqual([false, true])
  }
  // 1,600 subscriptions were resumed, and 320 different questions asked. One reading serves those who come after it.
  const count = await readings()
  expect(count).toBeGreaterThanOrEqual(CHANNELS.length)
  expect(count).toBeLessThanOrEqual(READINGS_OF_A_LOG * CHANNELS.length)
})
