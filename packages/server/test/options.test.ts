import { DEFAULT_LIMITS, type Limits } from '@org/realtime-protocol'
import { describe, expect, test } from 'vitest'
import { resolveDeclaration, resolveLimits, resolvePersonal } from '../src/options.js'
import { contract, RealtimeError, RealtimeServer } from '../src/index.js'
import { RecordingLogger } from './support/recording-logger.js'

describe('limits', () => {
  test('are these by default', () => {
    expect(resolveLimits()).toEqual({
      messageBytes: 65_536,
      connectTimeoutMs: 10_000,
      channelNameBytes: 255,
      channels: 128,
      inFlight: 64,
      inboxFrames: 256,
      messagesPerSecond: 50,
      messageBurst: 100,
      excessMessages: 5_000,
      bytesPerSecond: 4_194_304,
      connections: 50_000,
      connectionsPerAddress: 1_000,
      handshakes: 5_000,
      idBytes: 64,
      metaBytes: 1_024,
      sendQueueSoftBytes: 262_144,
      sendQueueHardBytes: 1_048_576,
      logMessages: 1_000,
      logAgeMs: 300_000,
      logBytes: 1_048_576,
      channelTtlMs: 3_600_000,
      lineageGenerations: 16,
      recoveryPageMessages: 100,
      historyMessages: 100,
      dedupeMs: 300_000,
      producerPositions: 64,
      sessionTtlMs: 120_000,
      attributesBytes: 4_096,
      presenceMembers: 1_000,
      presenceBytes: 4_096,
      presenceGraceMs: 12_000,
      presenceTtlMs: 60_000,
      methodBytes: 255,
      calls: 64,
      callTimeoutMs: 30_000,
      expiryNoticeMs: 30_000,
      heartbeatMs: 25_000,
      heartbeatTimeoutMs: 10_000,
    })
  })

  test('are changed one by one', () => {
    expect(resolveLimits({ channels: 3 })).toEqual({ ...DEFAULT_LIMITS, channels: 3 })
  })

  test.each([0, -1, NaN, Infinity, 1.5, '3', null, undefined])('refuse %s, and say which one it is', (value) => {
    expect(() => resolveLimits({ channels: value } as unknown as Limits)).toThrow(/limits\.channels/)
    expect(() => resolveLimits({ channels: value } as unknown as Limits)).toThrow(TypeError)
  })

  test.each(['chanels', 'toString', '__proto__x'])('refuse the name %s', (name) => {
    expect(() => resolveLimits({ [name]: 1 })).toThrow(`limits.${name} does not exist`)
  })

  test.each(['channelNameBytes', 'idBytes', 'metaBytes', 'lineageGenerations', 'dedupeMs', 'producerPositions'])(
    'refuse to change %s, which is the same for every server',
    (name) => {
      expect(() => resolveLimits({ [name]: 1 })).toThrow(`limits.${name} cannot be set`)
    },
  )

  test('that cannot be together are refused with the reason', () => {
    expect(() => resolveLimits({ sendQueueSoftBytes: 1_048_576 })).toThrow(/sendQueueSoftBytes must be below/)
    expect(() => resolveLimits({ heartbeatMs: 9_999 })).toThrow(/heartbeatTimeoutMs must not exceed/)
    expect(resolveLimits({ heartbeatMs: 10_000 })).toMatchObject({ heartbeatMs: 10_000 })
    expect(() => resolveLimits({ inFlight: 65 })).toThrow(/inFlight must not exceed/)
    expect(() => resolveLimits({ excessMessages: 63 })).toThrow(/excessMessages must not be below/)
  })

  test('of a server are looked at when it is made', () => {
    expect(() => new RealtimeServer(undefined, { limits: { channels: 0 } })).toThrow(/limits\.channels/)
  })
})

describe('a declaration', () => {
  const resolve = (options: object, limits = resolveLimits()) => resolveDeclaration({}, 'c:{id}', options, limits)
  const asker = { user: null, session: 's', attributes: {}, channel: 'c:1' }

  test('without options is a closed log with the limits of the server', () => {
    const declaration = resolve({}, resolveLimits({ logMessages: 7 }))
    expect(declaration.retention).toEqual({ messages: 7, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 })
    expect(declaration.subscribe(asker, {})).toBe(false)
    expect(declaration.publish({ ...asker, data: 1 }, {})).toBe(false)
    expect(declaration.schema).toBeUndefined()
  })

  test('takes booleans and functions for rules', () => {
    expect(resolve({ subscribe: true }).subscribe(asker, {})).toBe(true)
    expect(resolve({ subscribe: false }).subscribe(asker, {})).toBe(false)
    const rule = () => true
    expect(resolve({ publish: rule }).publish).toBe(rule)
  })

  test('keeps what it is told to', () => {
    const log = { messages: 1, ageMs: 2, bytes: 3 }
    expect(resolve({ log, channelTtlMs: 4 }).retention).toEqual({ ...log, ttlMs: 4 })
  })

  test.each([
    [{ log: { messages: 0 } }, /messages/],
    [{ log: { ageMs: -1 } }, /ageMs/],
    [{ log: { bytes: NaN } }, /bytes/],
    [{ channelTtlMs: 0 }, /ttlMs|channelTtlMs/],
    [{ channelTtlMs: 1_000 }, /channelTtlMs must not be below log\.ageMs/],
  ])('of %j is refused with the reason', (options, message) => {
    expect(() => resolve(options)).toThrow(message)
    expect(() => resolve(options)).toThrow(/channel c:\{id\}/)
  })

  test.each([{ mode: 'typo' }])(
    'of %j is UNSUPPORTED in this version, rather than served as something else',
    (options) => {
      expect(() => resolve(options)).toThrow(RealtimeError)
      expect(() => resolve(options)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
    },
  )

  test('of a latest channel keeps one value, whatever its age, until another one comes', () => {
    const { mode, retention } = resolve({ mode: 'latest', log: { bytes: 500 }, channelTtlMs: 1_000 })
    expect(mode).toBe('latest')
    expect(retention).toEqual({ messages: 1, ageMs: Number.MAX_SAFE_INTEGER, bytes: 500, ttlMs: 1_000 })
  })

  test.each([
    [{ mode: 'latest', log: { messages: 1 } }, /mode 'latest' keeps the newest value/],
    [{ mode: 'latest', log: { ageMs: 1_000 } }, /or use mode 'log'/],
    [{ mode: 'ephemeral', log: { bytes: 1_000 } }, /mode 'ephemeral' keeps nothing/],
    [{ mode: 'ephemeral', channelTtlMs: 1_000 }, /leave log and channelTtlMs out/],
    [{ personal: true }, /personal is an option of the server/],
  ])('of %j is refused with the reason and a way out', (options, message) => {
    expect(() => resolve(options)).toThrow(message)
    expect(() => resolve(options)).toThrow(TypeError)
  })

  test('of names that belong to personal channels is refused', () => {
    expect(() => resolveDeclaration({}, '@ada', {}, resolveLimits())).toThrow(/personal channels/)
    expect(() => new RealtimeServer(contract({ channels: { '@': {} } }))).toThrow(/personal channels/)
  })

  test('of personal channels keeps a message for its whole age', () => {
    const day = 86_400_000
    expect(resolvePersonal({}, { log: { ageMs: day } }, resolveLimits())?.retention).toMatchObject({
      ageMs: day,
      ttlMs: day,
    })
    expect(resolvePersonal({}, true, resolveLimits())?.retention).toMatchObject({ ageMs: 300_000, ttlMs: 3_600_000 })
    expect(resolvePersonal({}, false, resolveLimits())).toBeUndefined()
    expect(() => resolvePersonal({}, { log: { messages: 0 } }, resolveLimits())).toThrow(/messages/)
  })

  test('of a template that is none is refused', () => {
    expect(() => resolveDeclaration({}, 'c:{', {}, resolveLimits())).toThrow(TypeError)
    expect(() => resolveDeclaration({}, '', {}, resolveLimits())).toThrow(TypeError)
  })
})

describe('a server', () => {
  test('serves the channels of its contract to its own code at once, and opens none to clients', async () => {
    const server = new RealtimeServer(contract({ channels: { 'room:{id}': {} } }))
    await expect(server.publish('room:1', 1)).resolves.toMatchObject({ offset: 1 })
    await server.close()
  })

  test('prefers a literal declaration to a template, and the first template to later ones', async () => {
    const server = new RealtimeServer()
    server
      .channel('a:{id}', { log: { bytes: 10 } })
      .channel('{x}:b', { log: { bytes: 20 } })
      .channel('a:b', { log: { bytes: 30 } })
    const most = async (channel: string) => {
      for (let bytes = 1; ; bytes++) {
        try {
          await server.publish(channel, 'x'.repeat(bytes - 2 > 0 ? bytes - 2 : 0))
        } catch {
          return bytes - 1
        }
      }
    }
    expect([await most('a:b'), await most('a:c'), await most('c:b')]).toEqual([30, 10, 20])
    await server.close()
  })

  test('in one of several processes warns that memory is not shared, unless it was given a backend', async () => {
    const before = process.env['NODE_APP_INSTANCE']
    process.env['NODE_APP_INSTANCE'] = '0'
    try {
      const logger = new RecordingLogger()
      await new RealtimeServer(undefined, { logger }).close()
      expect(logger.of('warn')).toHaveLength(1)
    } finally {
      if (before === undefined) delete process.env['NODE_APP_INSTANCE']
      else process.env['NODE_APP_INSTANCE'] = before
    }
  })
})
