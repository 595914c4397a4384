import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { SUBPROTOCOL } from '@org/realtime-protocol'
import { WebSocket } from 'ws'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RealtimeServer, type ServerOptions } from '../../src/index.js'
import { listening, rawUpgrade, SocketClient, until, within } from '../support/http.js'
import { MeasuredServer } from '../support/measured-server.js'
import { RecordingLogger } from '../support/recording-logger.js'

const MIB = 1_048_576

async function serving(options: ServerOptions = {}) {
  const realtime = new RealtimeServer(undefined, options)
  realtime.channel('{name}', { subscribe: true, publish: true })
  const { server, port } = await listening()
  realtime.attach(server)
  onTestFinished(() => realtime.close())
  return { realtime, port, url: `ws://127.0.0.1:${port}/realtime` }
}

/** A socket whose handshake was accepted, and that does by itself nothing that a WebSocket should. */
async function upgraded(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  socket.write(
    'GET /realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`,
  )
  const [answer] = (await within('the handshake', once(socket, 'data'), 20_000)) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 101/)
  return socket
}

/** Time until the server has let go of a socket. */
async function msUntilGone(socket: Socket, ms = 20_000): Promise<number> {
  const started = performance.now()
  socket.resume()
  if (!socket.readableEnded) await within('the end of the socket', once(socket, 'end'), ms)
  return performance.now() - started
}

describe('pings of the WebSocket layer', () => {
  test.each(['realtime', 'plain'])(
    'are answered up to a rate, and end a %s link that sends nothing else',
    async (kind) => {
      const { port, realtime } = await serving({
        limits: { messagesPerSecond: 5, messageBurst: 10, excessMessages: 64 },
      })
      realtime.plain({})
      const url = `ws://127.0.0.1:${port}/realtime`
      const webSocket = kind === 'plain' ? new WebSocket(url) : (await SocketClient.connected(url)).webSocket
      onTestFinished(() => webSocket.terminate())
      if (kind === 'plain') await within('open', once(webSocket, 'open'))
      let pongs = 0
      webSocket.on('pong', () => (pongs += 1))
      for (let i = 0; i < 5; i++) webSocket.ping()
      await until('five pongs', () => pongs === 5)
      const ended = once(webSocket, 'close') as Promise<[number]>
      let isOver = false
      void ended.then(() => (isOver = true))
      // One after the other: pings whose answers pile up are bounded elsewhere.
      for (let sent = 6; sent < 500 && !isOver; sent++) {
        webSocket.ping()
        await until('a pong, or the end', () => isOver || pongs === sent)
      }
      const [code] = await within('the end', ended)
      expect(code).toBe(4504)
    },
  )
})

describe('a crowd', () => {
  test('is refused with 503, and with a time to come back, before there is a WebSocket', async () => {
    const { url, port, realtime } = await serving({ limits: { connections: 2 } })
    const clients = [await SocketClient.connected(url), await SocketClient.connected(url)]
    const answer = await rawUpgrade(port, '/realtime', { 'Sec-WebSocket-Protocol': SUBPROTOCOL })
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/)
    expect(answer).toContain('\r\nRetry-After: 5\r\n')
    expect(realtime.connections).toBe(2)
    clients[0]?.webSocket.terminate()
    await until('a place', () => realtime.connections === 1)
    await SocketClient.connected(url)
  })

  test('from one address is refused with 429', async () => {
    const { url, port } = await serving({ limits: { connectionsPerAddress: 1 } })
    await SocketClient.connected(url)
    const answer = await rawUpgrade(port, '/realtime', { 'Sec-WebSocket-Protocol': SUBPROTOCOL })
    expect(answer).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n/)
    expect(answer).toContain('\r\nRetry-After: 5\r\n')
  })

  test('behind a proxy that nobody trusts is one address, and the log says what to do', async () => {
    const logger = new RecordingLogger()
    const { url, port } = await serving({ limits: { connectionsPerAddress: 1 }, logger })
    const forwarded = { 'X-Forwarded-For': '203.0.113.7' }
    await SocketClient.connected(url, { headers: forwarded })
    const headers = { 'Sec-WebSocket-Protocol': SUBPROTOCOL, ...forwarded }
    for (let i = 0; i < 3; i++) expect(await rawUpgrade(port, '/realtime', headers)).toMatch(/^HTTP\/1\.1 429/)
    expect(logger.of('warn').filter((line) => line.includes('trustedProxies'))).toHaveLength(1)
  })

  test('behind a trusted proxy is counted by client', async () => {
    const { url, port } = await serving({ limits: { connectionsPerAddress: 1 }, trustedProxies: 1 })
    await SocketClient.connected(url, { headers: { 'x-forwarded-for': '2001:db8::1' } })
    await SocketClient.connected(url, { headers: { 'x-forwarded-for': '2001:db8:0:1::1' } })
    const headers = { 'Sec-WebSocket-Protocol': SUBPROTOCOL, 'X-Forwarded-For': '2001:db8::2' }
    expect(await rawUpgrade(port, '/realtime', headers)).toMatch(/^HTTP\/1\.1 429/)
  })

  test('that does not introduce itself is refused with 503, until some have', async () => {
    const { url, port } = await serving({ limits: { handshakes: 2 } })
    const [one] = [await SocketClient.dial(url), await SocketClient.dial(url)]
    const headers = { 'Sec-WebSocket-Protocol': SUBPROTOCOL }
    expect(await rawUpgrade(port, '/realtime', headers)).toMatch(/^HTTP\/1\.1 503/)
    one.say({ type: 'connect', producer: 'p'.repeat(22) })
    await one.next('connected')
    await SocketClient.dial(url)
  })

  test('of handshakes that fail takes up no places', async () => {
    const { url, port, realtime } = await serving({ limits: { connections: 1 }, origins: ['https://a.example'] })
    const offer = { 'Sec-WebSocket-Protocol': SUBPROTOCOL }
    const failing: Array<Record<string, string>> = [
      { ...offer, 'Sec-WebSocket-Key': 'short' },
      { ...offer, 'Sec-WebSocket-Version': '7' },
      { ...offer, Origin: 'https://b.example' },
      {},
    ]
    for (const headers of failing) await rawUpgrade(port, '/realtime', headers)
    expect(realtime.connections).toBe(0)
    await SocketClient.connected(url)
  })
})

describe('a stranger', () => {
  test('who sends a frame piece by piece, and never ends it, is cut when its time is over', async () => {
    const { port, realtime } = await serving({ limits: { connectTimeoutMs: 500 } })
    const socket = await upgraded(port)
    // The head of a masked text frame of 65,535 bytes.
    socket.write(Buffer.from([0x81, 0xfe, 0xff, 0xff, 1, 2, 3, 4]))
    const trickle = setInterval(() => socket.write('x'), 20)
    onTestFinished(() => clearInterval(trickle))
    // Without a limit of its own it has ten seconds.
    expect(await msUntilGone(socket)).toBeLessThan(9_500)
    await until('the end of the link', () => realtime.connections === 0)
  })

  test('who announces more than 64 KiB is cut at once', async () => {
    const { port, realtime } = await serving()
    for (const head of [
      [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 1, 2, 3, 4],
      [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4],
    ]) {
      const socket = await upgraded(port)
      socket.write(Buffer.from(head))
      expect(await msUntilGone(socket)).toBeLessThan(4_000)
    }
    await until('the end of the links', () => realtime.connections === 0)
  })

  test('who never answers the close of a link is cut all the same', async () => {
    const { port } = await serving()
    const socket = await upgraded(port)
    // An empty text frame is no JSON.
    socket.write(Buffer.from([0x81, 0x80, 1, 2, 3, 4]))
    expect(await msUntilGone(socket)).toBeLessThan(4_000)
  })

  test('is one of 2,000 who say nothing: all are gone after 10 s, and so is the memory they took', async () => {
    const server = await MeasuredServer.start({ options: '{ limits: { connectionsPerAddress: 10_000 } }' })
    const before = await server.weigh()
    const sockets: Socket[] = []
    const started = performance.now()
    for (let i = 0; i < 20; i++) {
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => upgraded(server.port)))))
    }
    const during = await server.weigh()
    expect(during.connections).toBe(2_000)
    await Promise.all(sockets.map((socket) => msUntilGone(socket)))
    expect(performance.now() - started).toBeLessThan(18_000)
    const after = await server.weigh()
    console.log(
      `2,000 silent sockets: ${[before, during, after].map(({ rssBytes }) => (rssBytes / MIB).toFixed(1)).join(' → ')} MiB`,
    )
    expect(after.connections).toBe(0)
    expect(after.rssBytes - before.rssBytes).toBeLessThan(20 * MIB)
  }, 60_000)
})

describe('a page of another origin', () => {
  test('is refused with 403 and a sentence, and a listed one is not', async () => {
    const logger = new RecordingLogger()
    const { url, port } = await serving({ origins: ['https://*.example.com'], logger })
    const headers = { 'Sec-WebSocket-Protocol': SUBPROTOCOL, Origin: 'https://evil-example.com' }
    const answer = await rawUpgrade(port, '/realtime', headers)
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    expect(answer).toContain('option `origins`')
    expect(logger.lines.find(({ message }) => message === 'limited')?.fields).toMatchObject({ limit: 'origins' })
    expect(logger.of('warn')).toEqual(['an origin was refused'])
    await SocketClient.connected(url, { origin: 'https://app.example.com' })
    await SocketClient.connected(url)
  })

  test('that brings cookies is refused when nobody said which origins may', async () => {
    const { url, port } = await serving()
    const headers = { 'Sec-WebSocket-Protocol': SUBPROTOCOL, Origin: 'https://evil.example', Cookie: 'session=1' }
    expect(await rawUpgrade(port, '/realtime', headers)).toMatch(/^HTTP\/1\.1 403/)
    await SocketClient.connected(url, { origin: 'https://evil.example' })
    await SocketClient.connected(url, { origin: `http://127.0.0.1:${port}`, headers: { cookie: 'session=1' } })
  })

  test('is refused when the rule throws, and the server lives', async () => {
    const { url, port } = await serving({
      origins: () => {
        throw new Error('a rule with a fault')
      },
    })
    const headers = { 'Sec-WebSocket-Protocol': SUBPROTOCOL, Origin: 'https://a.example' }
    expect(await rawUpgrade(port, '/realtime', headers)).toMatch(/^HTTP\/1\.1 403/)
    await SocketClient.connected(url)
  })
})
