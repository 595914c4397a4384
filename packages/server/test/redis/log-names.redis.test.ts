import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import type { Retention } from '../../src/index.js'
import { LogKeyring } from '../../src/redis/log-keys.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { SETUPS } from './support/line.js'
import { joinNode, type RedisNode } from './support/broker.js'
import { eventually } from './support/stores.js'

const KEEP: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }

const HOSTILE = [
  '{',
  '}',
  '{}',
  '{}{}',
  '{a}',
  'a}{b',
  '{{{',
  '}}}',
  ':',
  '::',
  'm:c',
  ':b:c',
  'rt1:{x}:m:c',
  '*',
  '?',
  '[a-z]',
  '\\',
  '"',
  "'",
  ' ',
  '  ',
  '-',
  '--',
  '\u00a0',
  '\u2028',
  'grüße',
  '日本語',
  '😀',
  'e\u0301',
  'é',
  '__proto__',
  'constructor',
  '@ada',
  'x'.repeat(255),
  'é'.repeat(127),
  '😀'.repeat(63),
]

describe.each(SETUPS)('on $name', ({ start }) => {
  let servers: readonly RedisServer[] = []
  let node: RedisNode
  let reader: RedisNode
  beforeAll(async () => {
    servers = await start()
    node = joinNode(servers)
    reader = joinNode(servers)
  })
  afterAll(async () => {
    await node.close()
    await reader.close()
    for (const server of servers) await server.stop()
  })

  test('a channel of any name is a log of its own', async () => {
    await Promise.all(HOSTILE.map((channel) => reader.broker.subscribe(channel)))
    for (const [i, channel] of HOSTILE.entries()) {
      const request = { channel, id: `m${i}`, payload: JSON.stringify(channel), retention: KEEP }
      expect(await node.broker.publish(request)).toMatchObject({ kind: 'stored', position: { offset: 1 } })
    }
    await eventually(() => reader.deliveries.length >= HOSTILE.length)
    expect(reader.deliveries).toHaveLength(HOSTILE.length)
    for (const [i, channel] of HOSTILE.entries()) {
      const { publications } = await reader.broker.recover(channel, 'start', 10)
      expect(publications.map(({ id, payload }) => [id, payload])).toEqual([[`m${i}`, JSON.stringify(channel)]])
      expect(reader.deliveries.filter((one) => one.channel === channel)).toHaveLength(1)
    }
    // No key begins anywhere but where ours do.
    const keys = (await Promise.all(servers.map((server) => server.command('KEYS', '*')))).flat() as string[]
    const ours = keys.filter((key) => !key.endsWith(':layout'))
    expect(ours).toHaveLength(4 * HOSTILE.length)
    for (const key of ours) expect(key).toMatch(/^rt1:\{[a-z0-9]+\}:(m|l|d0|d1):/)
  })

  test.each(['', '\u0000', 'a\u0000b', 'a\nb', '\u007f', '\ud800', 'x'.repeat(256), 'é'.repeat(128)])(
    'what names no channel is refused before Redis hears of it',
    async (channel) => {
      const request = { channel, id: 'a', payload: '1', retention: KEEP }
      const { broker } = node
      await expect(broker.publish(request)).rejects.toThrow('not the name of a channel')
      await expect(broker.subscribe(channel)).rejects.toThrow('not the name of a channel')
      await expect(broker.recover(channel, 'start', 1)).rejects.toThrow('not the name of a channel')
      await expect(broker.relay(channel, { offset: 0, id: 'a', at: 1, payload: '1' })).rejects.toThrow('not the name')
    },
  )

  test('data of any characters and of a mebibyte arrives as it was given', async () => {
    const channel = 'data'
    await reader.broker.subscribe(channel)
    const payloads = [
      JSON.stringify('\u0000\u0001\n\r\t\u007f\u0080\ufffe\uffff\u2028 😀 \ud7ff'),
      JSON.stringify({ __proto__: 1, 'a\nb': ['\n1 E.g 7 99\n{"id":"x"}\n'] }),
      '[\n1,\n2 ]',
      JSON.stringify('x'.repeat(1_048_000)),
      JSON.stringify('é😀'.repeat(100_000)),
    ]
    const retention = { ...KEEP, bytes: 8 * 1_048_576 }
    const ids = ['a', 'b\nc', '"', '', '😀'.repeat(16)]
    const before = reader.deliveries.length
    for (const [i, payload] of payloads.entries()) {
      const from = { user: `u\n${i}`, session: 's' }
      await node.broker.publish({ channel, id: ids[i] ?? '', payload, retention, from, meta: { traceparent: '\n' } })
    }
    await eventually(() => reader.deliveries.length === before + payloads.length)
    const heard = reader.deliveries.slice(before).map(({ publication }) => publication)
    expect(heard.map(({ payload }) => payload)).toEqual(payloads)
    expect(heard.map(({ id }) => id)).toEqual(ids)
    expect(heard[1]).toMatchObject({ from: { user: 'u\n1', session: 's' }, meta: { traceparent: '\n' } })
    expect((await node.broker.recover(channel, 'start', 10)).publications).toEqual(heard)
  })

  test('producers and keys of any characters are known again', async () => {
    const names = ['', '#', 'p', 'q0', 'k', '\u0000', '{}', '😀', 'x'.repeat(2_000)]
    for (const [i, name] of names.entries()) {
      const number = { producer: name, seq: 1, lowest: 1 }
      const publish = (id: string, fields: object) =>
        node.broker.publish({ channel: 'names', id, payload: '1', retention: KEEP, ...fields })
      const first = await publish(`n${i}`, { number })
      expect(await publish('x', { number })).toEqual(first)
      const keyed = await publish(`k${i}`, { key: name })
      expect(await publish('x', { key: name })).toEqual(keyed)
      expect(keyed).not.toEqual(first)
    }
    expect((await node.broker.recover('names', undefined, 1)).head.offset).toBe(2 * names.length)
  })

  test('what somebody else publishes on a topic is ignored, counted and said once', async () => {
    const logger = new RecordingLogger()
    const other = joinNode(servers, { logger })
    await other.broker.subscribe('foreign')
    const topic = other.line.key('b', 'foreign')
    for (const text of ['hello', '', '3 E.g 1 1\n{"id":"a"}\n1', '1 E.g 1 1\n{}\n1']) await node.line.say(topic, text)
    await node.broker.publish({ channel: 'foreign', id: 'ours', payload: '1', retention: KEEP })
    await eventually(() => other.deliveries.length > 0)
    expect(other.deliveries.map(({ publication }) => publication.id)).toEqual(['ours'])
    expect(other.broker.ignored).toBe(4)
    expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
    await other.close()
  })
})

test('every key of every channel lies in the slot of its partition', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((text) => text.trim() !== '')
  const line = joinNode([{ url: 'redis://127.0.0.1:1' }], { sweepMs: 1_000_000 })
  const keyring = new LogKeyring(line.line)
  fc.assert(
    fc.property(fc.oneof(name, fc.constantFrom(...HOSTILE)), (channel) => {
      const { all, topic } = keyring.of(channel)
      // The first pair of braces with something between them is what Redis reads.
      const tags = [...all, topic].map((key) => /\{([^}]+)\}/.exec(key)?.[1])
      expect(new Set(tags).size).toBe(1)
      expect(topic.startsWith(`rt1:{${tags[0] ?? ''}}:b:`)).toBe(true)
    }),
  )
  return line.broker.close()
})
