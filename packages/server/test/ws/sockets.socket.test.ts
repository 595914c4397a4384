import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { SUBPROTOCOL } from '@org/realtime-protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { build } from 'esbuild'
import { WebSocket, WebSocketServer } from 'ws'
import { RealtimeServer, type ServerOptions } from '../../src/index.js'
import { listening, rawUpgrade, SocketClient, until, within } from '../support/http.js'
import { PRODUCER } from '../support/memory-link.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { TLS_CERTIFICATE, TLS_KEY } from '../support/tls.js'

/** A process whose HTTP server ends, with the realtime server closed or not. */
const EXITING = `
  import { createServer } from 'node:http'
  import { RealtimeServer } from './index.js'
  new RealtimeServer()
  const realtime = new RealtimeServer().channel('c')
  const server = createServer()
  realtime.attach(server)
  server.listen(0, '127.0.0.1', async () => {
    await realtime.publish('c', 1)
    if (process.argv[2] === 'close') await realtime.close()
    server.close()
  })
`

/** A realtime server on an HTTP server of its own. */
async function serving(options: ServerOptions = {}) {
  const realtime = new RealtimeServer(undefined, options)
  realtime.channel('{name}', { subscribe: true, publish: true })
  const { server, port } = await listening()
  const detach = realtime.attach(server)
  onTestFinished(() => realtime.close())
  return { realtime, server, port, detach, url: `ws://127.0.0.1:${port}/realtime` }
}

/** Every socket that upgrades, as the server sees it. */
function sockets(server: {
  on(event: 'upgrade', listener: (request: IncomingMessage, socket: Duplex) => void): unknown
}) {
  const seen: Duplex[] = []
  server.on('upgrade', (_request, socket) => void seen.push(socket))
  return seen
}

describe('the handshake', () => {
  test('echoes the subprotocol, alone or among others', async () => {
    const { url } = await serving()
    for (const offer of [[SUBPROTOCOL], ['other', SUBPROTOCOL]]) {
      const webSocket = new WebSocket(url, offer)
      onTestFinished(() => webSocket.terminate())
      await within('open', once(webSocket, 'open'))
      expect(webSocket.protocol).toBe(SUBPROTOCOL)
    }
  })

  test.each([
    ['none', {}],
    ['only others', { 'Sec-WebSocket-Protocol': 'graphql-ws, mqtt' }],
    ['a reserved one', { 'Sec-WebSocket-Protocol': 'realtime.v1.msgpack' }],
    ['a longer name', { 'Sec-WebSocket-Protocol': `${SUBPROTOCOL}x` }],
  ])('with %s is refused with 400 and a sentence that says what to do', async (_, headers) => {
    const { port } = await serving()
    const answer = await rawUpgrade(port, '/realtime', headers)
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(body).toContain(SUBPROTOCOL)
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`)
  })

  test('a refused socket is let go of, also when its peer does not end it', async () => {
    const { server, port } = await serving()
    const seen = sockets(server)
    await rawUpgrade(port, '/realtime')
    const [socket] = seen
    await until('the end of the socket', () => socket?.destroyed === true)
  })

  test('with a bad version or key is refused by ws with 400 or 426, and the server lives', async () => {
    const { port, url } = await serving()
    const offer = { 'Sec-WebSocket-Protocol': SUBPROTOCOL }
    expect(await rawUpgrade(port, '/realtime', { ...offer, 'Sec-WebSocket-Version': '7' })).toMatch(/^HTTP\/1\.1 4\d\d/)
    expect(await rawUpgrade(port, '/realtime', { ...offer, 'Sec-WebSocket-Key': 'short' })).toMatch(/^HTTP\/1\.1 400/)
    await SocketClient.connected(url)
  })

  test('the path is compared without the query', async () => {
    const { url } = await serving()
    await SocketClient.connected(`${url}?unit=7`)
  })

  test('authenticate sees headers, address and url of the request', async () => {
    let seen: unknown
    const { url } = await serving({ authenticate: ({ handshake }) => ((seen = handshake), { user: null }) })
    await SocketClient.connected(`${url}?a=b`, { headers: { cookie: 'session=1' } })
    expect(seen).toMatchObject({
      url: '/realtime?a=b',
      headers: { cookie: 'session=1' },
      remoteAddress: '127.0.0.1',
    })
  })
})

describe('beside others on one HTTP server', () => {
  test('a second WebSocket server on another path works, and so does this one', async () => {
    const { server, port, url } = await serving()
    const other = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      if (request.url === '/other') other.handleUpgrade(request, socket, head, (ws) => ws.send('hello from the other'))
    })
    const plain = new WebSocket(`ws://127.0.0.1:${port}/other`)
    onTestFinished(() => plain.terminate())
    const [data] = (await within('a message', once(plain, 'message'))) as [Buffer]
    expect(data.toString()).toBe('hello from the other')
    const client = await SocketClient.connected(url)
    await client.subscribe('c')
    plain.send('still here')
    expect(plain.readyState).toBe(WebSocket.OPEN)
  })

  test('an upgrade on a path that nobody serves is refused with 404 when nobody else could serve it', async () => {
    const { server, port, realtime } = await serving()
    const second = new RealtimeServer().channel('{name}', { subscribe: true })
    second.attach(server, { path: '/second' })
    onTestFinished(() => second.close())
    for (const path of ['/elsewhere', '/realtime/', '/realtimes', '/']) {
      const answer = await rawUpgrade(port, path)
      expect(answer).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/)
      expect(answer.match(/HTTP/g), 'one answer, though two servers listen').toHaveLength(1)
    }
    await until('no socket', () => realtime.connections === 0)
    await SocketClient.connected(`ws://127.0.0.1:${port}/second`)
  })

  test('an upgrade on a path that somebody else may serve is left alone: neither answered nor ended', async () => {
    const { server, port, realtime } = await serving()
    server.on('upgrade', () => undefined)
    const seen = sockets(server)
    for (const path of ['/elsewhere', '/realtime/', '/realtimes', '/']) {
      const socket = connect({ port, host: '127.0.0.1' })
      onTestFinished(() => void socket.destroy())
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    }
    await until('four upgrades', () => seen.length === 4)
    expect(seen.map((socket) => [socket.writable, (socket as Socket).bytesWritten, socket.destroyed])).toEqual(
      Array.from({ length: 4 }, () => [true, 0, false]),
    )
    expect(realtime.connections).toBe(0)
  })

  test('two realtime servers on two paths keep apart', async () => {
    const { server, port, url } = await serving()
    const second = new RealtimeServer().channel('{name}', { subscribe: true })
    second.attach(server, { path: '/second' })
    onTestFinished(() => second.close())
    const here = await SocketClient.connected(url)
    const there = await SocketClient.connected(`ws://127.0.0.1:${port}/second`)
    await here.subscribe('c')
    await there.subscribe('c')
    await second.publish('c', 'for the second')
    expect((await there.next('publication')).data).toBe('for the second')
    expect(here.offsets()).toEqual([])
  })

  test('handleUpgrade says whether the request was for it', async () => {
    const realtime = new RealtimeServer(undefined, { path: '/mine' })
    onTestFinished(() => realtime.close())
    const taken: Array<[string | undefined, boolean]> = []
    const { port } = await listening(
      createServer().on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
        const mine = realtime.handleUpgrade(request, socket, head)
        taken.push([request.url, mine])
        if (!mine) socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
      }),
    )
    await SocketClient.connected(`ws://127.0.0.1:${port}/mine`)
    expect(await rawUpgrade(port, '/other')).toContain('404')
    expect(taken).toEqual([
      ['/mine', true],
      ['/other', false],
    ])
  })

  test('after detaching, new links are not taken, and open ones go on', async () => {
    const { server, url, detach, realtime } = await serving()
    const client = await SocketClient.connected(url)
    await client.subscribe('c')
    detach()
    expect(server.listenerCount('upgrade')).toBe(0)
    await realtime.publish('c', 1)
    expect((await client.next('publication')).data).toBe(1)
  })
})

describe('what a peer may send', () => {
  test('a message above 64 KiB ends the link with 1009, one of 64 KiB does not', async () => {
    const { url, realtime } = await serving()
    const client = await SocketClient.connected(url)
    const pad = (bytes: number) => {
      const frame = { type: 'publish', ref: 1, channel: 'c', id: 'm', data: '' }
      return JSON.stringify({ ...frame, data: 'x'.repeat(bytes - JSON.stringify(frame).length) })
    }
    client.webSocket.send(pad(65_536))
    expect((await client.next('reply')).position.offset).toBe(1)
    client.webSocket.send(pad(65_537))
    expect((await within('close', client.ended)).code).toBe(1009)
    await until('the end of the link', () => realtime.connections === 0)
  })

  test('a binary message ends the link with 4502 after closing', async () => {
    const { url } = await serving()
    const client = await SocketClient.connected(url)
    client.webSocket.send(Buffer.from('{"type":"pong"}'))
    expect(await client.next('closing')).toMatchObject({ code: 4502 })
    expect(await within('close', client.ended)).toEqual({ code: 4502, reason: 'expected a text message' })
  })

  test('text that is not UTF-8 ends the link, and the server lives', async () => {
    const { url } = await serving()
    const client = await SocketClient.connected(url)
    client.webSocket.send(Buffer.from([0xff, 0xfe]), { binary: false })
    expect((await within('close', client.ended)).code).toBe(1007)
    await SocketClient.connected(url)
  })

  test('a message in more fragments than allowed ends the link', async () => {
    const { url } = await serving()
    const client = await SocketClient.connected(url)
    for (let i = 0; i < 70; i++) client.webSocket.send('x', { fin: false })
    expect((await within('close', client.ended)).code).toBe(1008)
  })

  test('pings of the WebSocket layer are answered; a flood of them, answers unread, ends the link', async () => {
    const { url, realtime } = await serving()
    const [client, flooder] = [await SocketClient.connected(url), await SocketClient.connected(url)]
    flooder.webSocket.pause()
    // The kernels of both sides take some megabytes of answers before any has to wait.
    const flood = setInterval(() => {
      for (let i = 0; i < 5_000 && flooder.webSocket.readyState === WebSocket.OPEN; i++) {
        flooder.webSocket.ping('p'.repeat(125))
      }
    }, 1)
    onTestFinished(() => clearInterval(flood))
    await until('the end of the link', () => realtime.connections === 1)
    client.webSocket.ping('q')
    await within('pong', once(client.webSocket, 'pong'))
  })
})

describe('writing', () => {
  test('all frames of a turn are one write to the socket', async () => {
    const { url, realtime, server } = await serving()
    const seen = sockets(server)
    const client = await SocketClient.connected(url)
    await client.subscribe('c')
    const socket = seen[0] as Socket
    let writes = 0
    const { write } = socket
    socket.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
      writes += 1
      return write.apply(this, args)
    } as Socket['write']
    await Promise.all(Array.from({ length: 50 }, (_, i) => realtime.publish('c', i)))
    await until('50 publications', () => client.offsets().length === 50)
    expect(writes).toBe(1)
    expect(client.offsets()).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  })

  test('subscribers with the same frames get the same bytes', async () => {
    const { url, realtime, server } = await serving()
    const seen = sockets(server)
    const clients = [await SocketClient.connected(url), await SocketClient.connected(url)]
    for (const client of clients) await client.subscribe('c')
    const written: unknown[] = []
    for (const socket of seen as Socket[]) {
      const { write } = socket
      socket.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
        written.push(args[0])
        return write.apply(this, args)
      } as Socket['write']
    }
    await Promise.all([realtime.publish('c', 1), realtime.publish('c', 2)])
    await Promise.all(clients.map((client) => client.next('publication')))
    expect(written).toHaveLength(2)
    expect(written[0]).toBe(written[1])
  })

  test.each([
    ['the usual buffer', {}],
    ['a buffer larger than the soft limit', { highWaterMark: 4_194_304 }],
  ])('a peer that stops reading falls behind, and gets everything when it reads again, with %s', async (_, options) => {
    const realtime = new RealtimeServer(undefined, { limits: { logMessages: 5_000, logBytes: 64_000_000 } })
    realtime.channel('{name}', { subscribe: true })
    onTestFinished(() => realtime.close())
    const { server, port } = await listening(createServer(options))
    realtime.attach(server)
    const seen = sockets(server)
    const url = `ws://127.0.0.1:${port}/realtime`
    const [slow, quick] = [await SocketClient.connected(url), await SocketClient.connected(url)]
    await slow.subscribe('c')
    await quick.subscribe('c')
    slow.webSocket.pause()
    const data = 'x'.repeat(10_000)
    const count = 2_000
    for (let i = 1; i <= count; i++) {
      await realtime.publish('c', data)
      if (i % 10 === 0) await new Promise(setImmediate)
    }
    await until('the quick one to have all', () => quick.offsets().length === count)
    // 20 MB were published; what the kernel did not take is bounded by the soft limit.
    expect((seen[0] as Socket).writableLength).toBeGreaterThan(0)
    expect((seen[0] as Socket).writableLength).toBeLessThan(262_144 + 200_000)
    expect(slow.offsets().length).toBeLessThan(count)
    slow.webSocket.resume()
    await until('the slow one to have all', () => slow.offsets().length >= count)
    expect(slow.offsets()).toEqual(Array.from({ length: count }, (_, i) => i + 1))
    await realtime.publish('c', 'live again')
    await until('a live message', () => slow.offsets().length === count + 1)
  })

  test('a soft limit below the buffer of the socket leaves nobody behind', async () => {
    const { url, realtime } = await serving({ limits: { sendQueueSoftBytes: 1_000, sendQueueHardBytes: 1_048_576 } })
    const client = await SocketClient.connected(url)
    await client.subscribe('c')
    for (let i = 1; i <= 300; i++) void realtime.publish('c', 'x'.repeat(500))
    await until('all', () => client.offsets().length === 300)
  })

  test('a peer that stops reading and keeps asking is closed with 4003', async () => {
    const logger = new RecordingLogger()
    const limits = { sendQueueSoftBytes: 10_000, sendQueueHardBytes: 20_000, messageBurst: 100_000 }
    const { url, realtime } = await serving({ limits, logger })
    const client = await SocketClient.connected(url)
    client.webSocket.pause()
    const question = JSON.stringify({ type: 'x'.repeat(1_000) })
    for (let i = 0; i < 80_000; i++) client.webSocket.send(question)
    await until('the end of the link', () => realtime.connections === 0)
    expect(logger.lines.filter(({ message }) => message === 'limited').map(({ fields }) => fields?.['limit'])).toEqual([
      'sendQueueHardBytes',
    ])
    client.webSocket.resume()
    expect((await within('close', client.ended)).code).toBe(4003)
    expect(client.frames.at(-1)).toMatchObject({ type: 'closing', code: 4003 })
  })

  test('over TLS everything is the same', async () => {
    const realtime = new RealtimeServer(undefined, { limits: { heartbeatMs: 300, heartbeatTimeoutMs: 300 } })
    realtime.channel('{name}', { subscribe: true, publish: true })
    onTestFinished(() => realtime.close())
    const tls = createTlsServer({ key: TLS_KEY, cert: TLS_CERTIFICATE })
    const { port } = await listening(tls)
    let writes = 0
    realtime.attach(tls)
    tls.on('upgrade', (_request, socket: Duplex) => {
      const { write } = socket
      socket.write = function (this: Duplex, ...args: Parameters<Duplex['write']>) {
        writes += 1
        return write.apply(this, args)
      } as Duplex['write']
    })
    const client = await SocketClient.connected(`wss://127.0.0.1:${port}/realtime`, { ca: TLS_CERTIFICATE })
    await client.subscribe('c')
    writes = 0
    await Promise.all(Array.from({ length: 20 }, (_, i) => realtime.publish('c', i)))
    await until('20 publications', () => client.offsets().length === 20)
    expect(writes).toBe(1)
    // Bytes over TLS count as life.
    for (let i = 0; i < 4; i++) {
      await client.next('ping')
      client.say({ type: 'pong' })
    }
    expect(client.webSocket.readyState).toBe(WebSocket.OPEN)
    return undefined
  })
})

describe('a stream that is no socket', () => {
  /** Puts a stream of our own between the socket and the server. */
  async function tunnelled(options: ServerOptions = {}) {
    const realtime = new RealtimeServer(undefined, { path: '/', ...options })
    realtime.channel('{name}', { subscribe: true, publish: true })
    onTestFinished(() => realtime.close())
    const { port } = await listening(
      createServer().on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
        const tunnel = new Duplex({
          read: () => void socket.resume(),
          write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
          final: (done) => void socket.end(done),
          destroy: (error, done) => {
            socket.destroy()
            done(error)
          },
        })
        socket.on('data', (chunk: Buffer) => {
          if (!tunnel.push(chunk)) socket.pause()
        })
        socket.on('end', () => void tunnel.push(null))
        socket.on('close', () => void tunnel.destroy())
        socket.on('error', () => undefined)
        realtime.handleUpgrade(request, tunnel, head)
      }),
    )
    return { realtime, url: `ws://127.0.0.1:${port}/` }
  }

  test('is written to through ws', async () => {
    const { realtime, url } = await tunnelled()
    const client = await SocketClient.connected(url)
    await client.subscribe('c')
    for (let i = 1; i <= 20; i++) await realtime.publish('c', i)
    await until('20 publications', () => client.offsets().length === 20)
    client.say({ type: 'goodbye' })
    expect((await within('close', client.ended)).code).toBe(1000)
  })

  test('shows signs of life: a link whose peer answers is not taken for dead', async () => {
    const { realtime, url } = await tunnelled({ limits: { heartbeatMs: 600, heartbeatTimeoutMs: 600 } })
    const client = await SocketClient.connected(url)
    for (let i = 0; i < 3; i++) {
      await client.next('ping')
      client.say({ type: 'pong' })
    }
    expect([client.webSocket.readyState, realtime.connections]).toEqual([WebSocket.OPEN, 1])
    // And one that does not is.
    expect(await within('close', client.ended)).toMatchObject({ code: 4004 })
  })

  test('falls behind and catches up like any other', async () => {
    const { realtime, url } = await tunnelled({ limits: { logMessages: 5_000, logBytes: 64_000_000 } })
    const client = await SocketClient.connected(url)
    await client.subscribe('c')
    client.webSocket.pause()
    for (let i = 1; i <= 1_500; i++) {
      await realtime.publish('c', 'x'.repeat(10_000))
      if (i % 10 === 0) await new Promise(setImmediate)
    }
    client.webSocket.resume()
    await until('all', () => client.offsets().length >= 1_500)
    expect(client.offsets()).toEqual(Array.from({ length: 1_500 }, (_, i) => i + 1))
    await realtime.publish('c', 'live again')
    await until('a live message', () => client.offsets().length === 1_501)
  })
})

describe('closing', () => {
  test('ends every link with closing and 4000, and refuses upgrades with 503', async () => {
    const { realtime, url } = await serving()
    const clients = await Promise.all([1, 2, 3].map(() => SocketClient.connected(url)))
    const { port } = await listening(
      createServer().on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
        realtime.handleUpgrade(request, socket, head)
      }),
    )
    const closed = realtime.close()
    expect(realtime.close()).toBe(closed)
    await closed
    for (const client of clients) {
      expect(await within('close', client.ended)).toEqual({ code: 4000, reason: 'the server is going away' })
      expect(client.frames.at(-1)).toMatchObject({ type: 'closing', code: 4000 })
    }
    expect(realtime.connections).toBe(0)
    const answer = await rawUpgrade(port, '/realtime', { 'Sec-WebSocket-Protocol': SUBPROTOCOL })
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/)
  })

  test('takes its listeners off the HTTP server, and leaves the others', async () => {
    const { realtime, server } = await serving()
    const other = (): void => undefined
    server.on('upgrade', other)
    expect(server.listenerCount('upgrade')).toBe(2)
    await realtime.close()
    expect(server.listeners('upgrade')).toEqual([other])
  })

  test('200 links that come and go leave nothing behind', async () => {
    const { realtime, url, server } = await serving()
    for (let i = 0; i < 20; i++) {
      const clients = await Promise.all(
        Array.from({ length: 10 }, () => SocketClient.connected(url, { handshakeTimeout: 8_000 })),
      )
      await Promise.all(clients.map((client) => client.subscribe(`c${i}`)))
      expect(realtime.connections).toBe(10)
      for (const [n, client] of clients.entries()) {
        if (n % 3 === 0) client.webSocket.terminate()
        else if (n % 3 === 1) client.webSocket.close()
        else client.say({ type: 'goodbye' })
      }
      await until('no link', () => realtime.connections === 0)
    }
    const open = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
    await within(
      'the end of every socket',
      (async () => {
        while ((await open()) > 0) await new Promise(setImmediate)
      })(),
    )
  })

  test('a process with an idle server, attached or closed, ends when its HTTP server has', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'realtime-exit-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const file = join(dir, 'main.cjs')
    await build({
      stdin: { contents: EXITING, resolveDir: fileURLToPath(new URL('../../src', import.meta.url)), loader: 'ts' },
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      conditions: ['@org/source'],
    })
    for (const how of ['close', 'leave']) {
      const child = spawn(process.execPath, [file, how], { stdio: 'inherit' })
      onTestFinished(() => void child.kill())
      const [code] = (await within(`the end of the process (${how})`, once(child, 'exit'))) as [number]
      expect(code).toBe(0)
    }
  })

  test('a link that connects while the server closes is turned away', async () => {
    const { realtime, url } = await serving({
      authenticate: () => new Promise((resolve) => void setTimeout(() => resolve({ user: null }), 50)),
    })
    const client = await SocketClient.dial(url)
    client.say({ type: 'connect', producer: PRODUCER })
    await realtime.close()
    expect((await within('close', client.ended)).code).toBe(4000)
  })
})
