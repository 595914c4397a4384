import { describe, expect, test } from 'vitest'
import { RealtimeServer, type PlainConnection, type PlainHandler } from '../../src/index.js'
import { PlainPeer } from '../support/plain-peer.js'
import { world } from '../support/world.js'

/** A world with plain connections: everybody is a member of `unit`, says its name, and is answered in capitals. */
function plain(handler: PlainHandler = {}, options: Parameters<typeof world>[0] = {}) {
  const made = world(options)
  const opened: PlainConnection[] = []
  made.server.plain({
    open(connection) {
      opened.push(connection)
      connection.join('unit')
      connection.send('welcome')
    },
    message: (connection, text) => connection.send(text.toUpperCase()),
    ...handler,
  })
  const peer = async () => {
    const link = new PlainPeer(made.clock, made.server)
    await made.clock.settle()
    return link
  }
  return { ...made, opened, peer }
}

describe('a plain connection', () => {
  test('gets what the application sends, and is heard by it', async () => {
    const { peer } = plain()
    const link = await peer()
    await link.say('hello')
    expect(link.heard).toEqual(['welcome', 'HELLO'])
  })

  test('gets the data of its channels raw: a text as it is, anything else as JSON', async () => {
    const { peer, server, clock } = plain()
    const link = await peer()
    await server.publish('unit', 'centre says hello')
    await server.publish('unit', { n: 1 })
    await server.publish('other', 'not for it')
    await clock.settle()
    expect(link.heard).toEqual(['welcome', 'centre says hello', '{"n":1}'])
  })

  test('stands beside clients of the protocol in one channel', async () => {
    const { peer, connected, clock } = plain()
    const link = await peer()
    const client = await connected()
    await client.subscribe({ channel: 'unit', generation: 1 })
    await client.say({ type: 'publish', ref: 1, channel: 'unit', id: 'm', data: 'from a client' })
    await clock.settle()
    expect(link.heard.at(-1)).toBe('from a client')
    expect(client.heard.filter(({ type }) => type === 'publication')).toHaveLength(1)
  })

  test('gets nothing of a channel that it was taken out of', async () => {
    const { peer, server, opened, clock } = plain()
    const link = await peer()
    opened[0]?.leave('unit')
    await server.publish('unit', 'late')
    await clock.settle()
    expect(link.heard).toEqual(['welcome'])
  })

  test('is told to the handler in the order of what it did, one after the other', async () => {
    const order: string[] = []
    const later = async (what: string) => {
      await Promise.resolve()
      order.push(what)
    }
    const { peer, clock } = plain({
      open: () => later('open'),
      message: (_, text) => later(text),
      close: (_, { code }) => later(`close ${code}`),
    })
    const link = await peer()
    link.tell('1')
    link.tell('2')
    await link.cut()
    await clock.settle()
    expect(order).toEqual(['open', '1', '2', 'close 1006'])
  })

  test('is closed by the application with a code and a reason, after what was sent', async () => {
    const { peer, clock } = plain({
      message: (connection) => {
        connection.send('bye')
        connection.close(4501, 'not you')
      },
    })
    const link = await peer()
    await link.say('x')
    await clock.settle()
    expect([link.heard.at(-1), link.end]).toEqual(['bye', { code: 4501, reason: 'not you' }])
  })

  test.each([0, 999, 1001, 2999, 5000, 3000.5])(
    'is not closed with %d, which no application may send',
    async (code) => {
      const { peer, opened } = plain()
      await peer()
      expect(() => opened[0]?.close(code)).toThrow(/is no code to close with/)
    },
  )

  test.each([new Uint8Array([1, 2]), new Float64Array(20), Buffer.from('why'), 7, null, {}])(
    'is not closed with the reason %o, of which nobody knows what would go out',
    async (reason) => {
      const { peer, opened } = plain()
      await peer()
      expect(() => opened[0]?.close(4501, reason as unknown as string)).toThrow(/must be a text/)
    },
  )

  test('hears close codes that need no protocol: a restart, a handler that fails, a peer that says too much', async () => {
    const ends = async (act: (made: ReturnType<typeof plain>, link: PlainPeer) => unknown, handler?: PlainHandler) => {
      const made = plain(handler, { limits: { messageBurst: 5, messagesPerSecond: 1 } })
      const link = await made.peer()
      await act(made, link)
      await made.clock.advance(1_000)
      expect(link.heard.every((text) => !text.includes('"type"'))).toBe(true)
      return link.end?.code
    }
    expect(await ends(({ server }) => server.close())).toBe(4000)
    expect(await ends((_, link) => link.say('x'), { message: () => Promise.reject(new Error('no')) })).toBe(4005)
    expect(
      await ends((_, link) => {
        for (let i = 0; i < 10; i++) link.tell('flood')
      }),
    ).toBe(4504)
  })

  test('is shown to the handler once it is taken: of one that was refused it hears nothing', async () => {
    const calls: string[] = []
    const { peer } = plain(
      { open: () => void calls.push('open'), close: () => void calls.push('close') },
      { limits: { connections: 1 } },
    )
    const first = await peer()
    const refused = await peer()
    expect([refused.end?.code, calls]).toEqual([4006, ['open']])
    await first.cut()
    expect(calls).toEqual(['open', 'close'])
  })

  test('that says more than messageBytes at once is closed with 1009, and not heard', async () => {
    const { peer, server, clock, logger } = plain({}, { limits: { messageBytes: 1_024 } })
    const link = await peer()
    await link.say('é'.repeat(512))
    expect([link.heard.at(-1), link.end]).toEqual(['É'.repeat(512), undefined])
    await link.say(`${'é'.repeat(512)}.`)
    expect([link.heard.length, link.end?.code, server.connections]).toEqual([2, 1009, 0])
    const judgedBelow = await peer()
    judgedBelow.close(1009, '')
    await clock.settle()
    const limited = logger.lines.filter(({ message }) => message === 'limited').map(({ fields }) => fields?.['limit'])
    expect(limited).toEqual(['messageBytes', 'messageBytes'])
  })

  test('whose handler never ends to open it is closed with 4005, so that it takes up no place', async () => {
    const { peer, clock, logger, server } = plain({ open: () => new Promise(() => undefined) })
    const link = await peer()
    await clock.advance(9_900)
    expect(link.end).toBeUndefined()
    await clock.advance(700)
    expect([link.end?.code, server.connections]).toEqual([4005, 0])
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('is pinged below the protocol, and closed with 4004 when it is silent', async () => {
    const { peer, clock } = plain()
    const link = await peer()
    await clock.advance(26_000)
    expect(link.pings).toBe(1)
    await clock.advance(10_500)
    expect([link.end?.code, link.heard]).toEqual([4004, ['welcome']])
  })

  test('that reads slowly is filled up from the log, without a hole', async () => {
    const { peer, server, clock } = plain({}, { limits: { sendQueueSoftBytes: 5_000, sendQueueHardBytes: 50_000 } })
    const link = await peer()
    link.stall()
    for (let i = 0; i < 200; i++) await server.publish('unit', `${i} ${'x'.repeat(100)}`)
    await clock.settle()
    expect(link.bufferedBytes).toBeLessThan(10_000)
    for (let i = 0; i < 20; i++) await link.resume()
    await clock.settle()
    expect(link.heard.slice(1).map((text) => Number.parseInt(text))).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })

  test('that missed messages for ever is closed with 4005, since it could not be told', async () => {
    const { server, clock, peer } = plain(
      {},
      { limits: { sendQueueSoftBytes: 5_000, sendQueueHardBytes: 50_000, logMessages: 10 } },
    )
    const link = await peer()
    link.stall()
    for (let i = 0; i < 400; i++) await server.publish('unit', `${i} ${'x'.repeat(100)}`)
    await link.resume()
    await clock.settle()
    expect(link.end).toEqual({ code: 4005, reason: 'messages were lost' })
  })

  test('costs its node nothing once it is gone', async () => {
    const { peer, server, clock } = plain()
    const before = clock.pending
    const link = await peer()
    expect(server.connections).toBe(1)
    await link.cut()
    await clock.advance(20_000)
    expect([server.connections, clock.pending]).toEqual([0, before])
  })
})

test('join says what is wrong with a channel', async () => {
  const { server, clock, opened } = {
    ...world({ limits: { channels: 2 }, rules: false }),
    opened: [] as PlainConnection[],
  }
  server.channel('room:{id}').plain({ open: (connection) => void opened.push(connection) })
  new PlainPeer(clock, server)
  await clock.settle()
  const join = (channel: string) => opened[0]?.join(channel)
  expect(() => join('')).toThrow(expect.objectContaining({ code: 'INVALID_CHANNEL' }) as Error)
  expect(() => join('nowhere')).toThrow(expect.objectContaining({ code: 'UNKNOWN_CHANNEL' }) as Error)
  join('room:1')
  join('room:1')
  join('room:2')
  expect(() => join('room:3')).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }) as Error)
})

test('plain connections that nobody switched on are refused', () => {
  const { clock } = world()
  expect(() => new PlainPeer(clock, new RealtimeServer())).toThrow(/plain connections are not switched on/)
})
