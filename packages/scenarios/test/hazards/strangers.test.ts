import { prometheus } from '@org/realtime-server/metrics'
import type { Backend, BackendNode, LogFields, Logger } from '@org/realtime-server'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { Attacker } from '../../src/fuzz/attacker.js'
import { Stage } from './stage.js'

const CONNECT = { type: 'connect', producer: 'p'.repeat(22) }

/** Counts the calls of a backend. */
function counted(calls: string[]): (backend: Backend) => Backend {
  const spied = <T extends object>(part: T, name: string): T =>
    new Proxy(part, {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver)
        if (typeof value !== 'function') return value
        return (...given: unknown[]): unknown => {
          calls.push(`${name}.${String(key)}`)
          return (value as (...args: unknown[]) => unknown).apply(target, given)
        }
      },
    })
  return (backend) => ({
    join(handler) {
      const { broker, sessions, presence, ...rest }: BackendNode = backend.join(handler)
      return {
        ...rest,
        broker: spied(broker, 'broker'),
        sessions: spied(sessions, 'sessions'),
        presence: spied(presence, 'presence'),
        close: () => Promise.resolve(),
      }
    },
  })
}

test('2,000 strangers who never say who they are, or lie, cost the backend nothing', async () => {
  const calls: string[] = []
  const stage = new Stage({ authenticate: () => null }, counted(calls))
  stage.server.channel('{name}', { subscribe: true, publish: true, presence: true })
  const session = { id: 's'.repeat(22), token: 't'.repeat(44) }
  const position = { epoch: 'e', offset: 1 }
  const subscriptions = [{ channel: 'c', generation: 1, since: position }]
  const says = [
    [],
    ['{"type":"subscribe","channel":"c","generation":1}'],
    [
      JSON.stringify({
        ...CONNECT,
        token: 'a lie',
        session,
        subscriptions,
        acknowledged: [{ channel: 'c', ...position }],
      }),
    ],
    [JSON.stringify({ ...CONNECT, token: 'a lie' }), '{"type":"publish","channel":"c","ref":1,"data":1}'],
  ]
  for (let i = 0; i < 2_000; i++) {
    const stranger = new Attacker(stage.time, stage.server, i)
    for (const text of says[i % says.length] ?? []) stranger.say(text)
    if (i % 100 === 0) await stage.pass(1)
  }
  await stage.pass(20_000)
  expect(stage.server.connections).toBe(0)
  expect(calls).toEqual([])
})

test('10,000 names that a stranger makes up add no number, no line of the log and no state', async () => {
  const registry = new Registry()
  const lines: Array<{ level: string; message: string; fields: LogFields | undefined }> = []
  const write = (level: string) => (message: string, fields?: LogFields) => void lines.push({ level, message, fields })
  const logger: Logger = { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') }
  const limits = { messagesPerSecond: 20_000, messageBurst: 20_000 }
  const stage = new Stage({ metrics: prometheus({ register: registry }), logger, limits })
  stage.server.channel('room:{id}', {
    subscribe: ({ channel }) => channel === 'room:open',
    publish: false,
    presence: true,
  })
  const series = async () => (await registry.metrics()).split('\n').map((line) => line.replace(/ [^ ]*$/, ''))

  const stranger = new Attacker(stage.time, stage.server, 1)
  let answers = 0
  stranger.heard = () => void (answers += 1)
  stranger.say(JSON.stringify(CONNECT))
  await stage.pass(100)
  const say = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const name = `name-${i}`
      stranger.say(JSON.stringify({ type: 'subscribe', channel: name, generation: i + 1 }))
      stranger.say(JSON.stringify({ type: 'subscribe', channel: `room:${name}`, generation: i + 1 }))
      stranger.say(JSON.stringify({ type: 'call', ref: i * 3 + 1, method: name }))
      stranger.say(JSON.stringify({ type: 'presence', ref: i * 3 + 2, channel: `room:${name}`, action: 'get' }))
    }
  }
  say(0, 10)
  await stage.pass(1_000)
  const before = { series: await series(), lines: lines.length, answers }
  expect(answers).toBeGreaterThan(30)
  for (let i = 10; i < 10_000; i += 30) {
    say(i, Math.min(i + 30, 10_000))
    await stage.pass(20)
  }
  await stage.pass(1_000)

  expect(answers).toBeGreaterThan(39_000)
  expect(before.series.length).toBeGreaterThan(20)
  expect(await series()).toEqual(before.series)
  expect(lines.length).toBe(before.lines)
  expect(await registry.metrics()).not.toContain('name-')
  expect(stranger.end).toBeUndefined()
  stranger.terminate()
  await stage.pass(60_000)
})

test('what a stranger writes is never part of the words of a log line, only of its fields', async () => {
  const lines: Array<readonly [message: string, fields: LogFields | undefined]> = []
  const write = (message: string, fields?: LogFields) => void lines.push([message, fields])
  const stage = new Stage({
    logger: { debug: write, info: write, warn: write, error: write },
    authenticate: ({ token }) => {
      if (token?.includes('throw')) throw new Error(token)
      return { user: null }
    },
  })
  stage.server.channel('{name}', {
    subscribe: ({ channel }) => {
      throw new Error(`a fault about ${channel}`)
    },
  })
  const ink = 'forged\nERROR root logged in'
  const texts = [
    { ...CONNECT, token: `throw ${ink}` },
    { ...CONNECT, [ink]: ink },
    { type: ink },
    { type: 'subscribe', channel: ink, generation: 1 },
    { type: 'subscribe', channel: 'forged', generation: 1 },
    { type: 'call', ref: 1, method: ink },
    { type: 'publish', ref: 2, channel: 'forged', seq: 1, lowest: 1, data: ink },
  ]
  for (const [i, text] of texts.entries()) {
    const stranger = new Attacker(stage.time, stage.server, i)
    if (i > 1) stranger.say(JSON.stringify(CONNECT))
    await stage.pass(10)
    stranger.say(JSON.stringify(text))
    await stage.pass(10)
    stranger.terminate()
    await stage.pass(10)
  }
  expect(lines.length).toBeGreaterThan(5)
  expect(JSON.stringify(lines.map(([, fields]) => String(JSON.stringify(fields))))).toContain('forged')
  for (const [message] of lines) expect(message).toMatch(/^[a-z][\w ,:()']*$/i)
  for (const [message] of lines) expect(message).not.toContain('forged')
})
