import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FaultProxy } from '../../src/fault-proxy/index.js'

/** Long enough that what is not there by then will not come. */
const QUIET_MS = 120

let target: Echo
let proxy: FaultProxy
const sockets: Peer[] = []

beforeEach(async () => {
  target = await Echo.start('a')
  proxy = await FaultProxy.listen(target.port)
})

afterEach(async () => {
  for (const peer of sockets.splice(0)) peer.socket.destroy()
  await proxy.close()
  target.stop()
})

/** Answers each text with its own name before it. */
class Echo {
  readonly peers: Peer[] = []
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(name: string): Promise<Echo> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      echo.peers.push(new Peer(socket))
      socket.on('data', (bytes) => socket.write(`${name}:${bytes.toString()};`))
      socket.on('error', () => undefined)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const echo = new Echo(server, (server.address() as AddressInfo).port)
    return echo
  }

  stop(): void {
    this.server.close()
    for (const { socket } of this.peers) socket.destroy()
  }
}

class Peer {
  heard = ''
  end: 'none' | 'end' | 'reset' | 'closed' = 'none'

  constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => (this.heard += bytes.toString()))
    socket.on('end', () => (this.end = 'end'))
    socket.on('error', (error: NodeJS.ErrnoException) => (this.end = error.code === 'ECONNRESET' ? 'reset' : this.end))
    socket.on('close', () => (this.end = this.end === 'none' ? 'closed' : this.end))
  }

  hears(text: string): Promise<void> {
    return vi.waitFor(() => expect(this.heard).toBe(text), { timeout: 5_000, interval: 5 })
  }

  ends(how: Peer['end']): Promise<void> {
    return vi.waitFor(() => expect(this.end).toBe(how), { timeout: 5_000, interval: 5 })
  }
}

async function dial(port = proxy.port): Promise<Peer> {
  const peer = new Peer(connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }))
  sockets.push(peer)
  await once(peer.socket, 'connect')
  return peer
}

async function conversation(): Promise<Peer> {
  const peer = await dial()
  peer.socket.write('1')
  await peer.hears('a:1;')
  return peer
}

test('bytes go through in order, both ways, and so do the ends of both streams', async () => {
  const peer = await conversation()
  peer.socket.end('2')
  await peer.hears('a:1;a:2;')
  await target.peers[0]?.ends('end')
  expect(peer.end).toBe('none')
  target.peers[0]?.socket.end('bye')
  await peer.hears('a:1;a:2;bye')
  await peer.ends('end')
  await vi.waitFor(() => expect(proxy.links.size).toBe(0))
})

test('a held direction keeps the bytes and gives them on when it is over', async () => {
  const peer = await conversation()
  proxy.change({ held: true })
  peer.socket.write('2')
  await sleep(QUIET_MS)
  expect(target.peers[0]?.heard).toBe('1')
  proxy.clear()
  await peer.hears('a:1;a:2;')
})

test('one direction can be held while the other goes on', async () => {
  const peer = await conversation()
  proxy.change({ held: true }, 'down')
  peer.socket.write('2')
  await target.peers[0]?.hears('12')
  await sleep(QUIET_MS)
  expect(peer.heard).toBe('a:1;')
  proxy.clear()
  await peer.hears('a:1;a:2;')
})

test('a lost direction swallows bytes and the end of the stream: the link is half open', async () => {
  const peer = await conversation()
  proxy.change({ lost: true })
  peer.socket.write('2')
  peer.socket.destroy()
  await sleep(QUIET_MS)
  expect(target.peers[0]).toMatchObject({ heard: '1', end: 'none' })
  const second = await dial()
  second.socket.write('3')
  await sleep(QUIET_MS)
  expect(second.heard).toBe('')
})

test('a stream that has lost bytes never goes on behind the hole, and new links are fair again', async () => {
  const peer = await conversation()
  proxy.change({ lost: true }, 'up')
  peer.socket.write('2')
  await sleep(QUIET_MS)
  proxy.clear()
  peer.socket.write('3')
  await conversation()
  await sleep(QUIET_MS)
  expect(target.peers[0]?.heard).toBe('1')
})

test('weather of one link is not that of another', async () => {
  const first = await conversation()
  const second = await conversation()
  ;[...proxy.links][0]?.change({ lost: true })
  first.socket.write('2')
  second.socket.write('3')
  await second.hears('a:1;a:3;')
  await sleep(QUIET_MS)
  expect(first.heard).toBe('a:1;')
})

test('a delay makes every byte late and keeps the order', async () => {
  const peer = await conversation()
  proxy.change({ delayMs: 100 }, 'down')
  const begun = performance.now()
  peer.socket.write('2')
  await peer.hears('a:1;a:2;')
  expect(performance.now() - begun).toBeGreaterThanOrEqual(99)
})

test('a narrow link lets no more through than its bytes per second, and loses nothing', async () => {
  const peer = await conversation()
  proxy.change({ bytesPerSecond: 20_000 }, 'down')
  const begun = performance.now()
  target.peers[0]?.socket.write('x'.repeat(10_000))
  await peer.hears(`a:1;${'x'.repeat(10_000)}`)
  const tookMs = performance.now() - begun
  expect(tookMs).toBeGreaterThan(400)
  expect(tookMs).toBeLessThan(3_000)
})

test('who sends more than a held lane keeps is made to wait', async () => {
  const peer = await conversation()
  proxy.change({ held: true }, 'up')
  const big = Buffer.alloc(32 * 1024 * 1024)
  expect(peer.socket.write(big)).toBe(false)
  await sleep(QUIET_MS)
  expect(peer.socket.writableLength).toBeGreaterThan(0)
})

test('a reset reaches both ends, and new links are let through', async () => {
  const peer = await conversation()
  proxy.reset()
  await peer.ends('reset')
  await target.peers[0]?.ends('reset')
  expect(proxy.links.size).toBe(0)
  await conversation()
  expect(proxy.accepted).toBe(2)
})

test('a reset of one end reaches the other', async () => {
  const peer = await conversation()
  target.peers[0]?.socket.resetAndDestroy()
  await peer.ends('reset')
  await vi.waitFor(() => expect(proxy.links.size).toBe(0))
})

test('a proxy that refuses keeps its links and its address', async () => {
  const peer = await conversation()
  const { port } = proxy
  await proxy.refuse()
  await expect(dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  peer.socket.write('2')
  await peer.hears('a:1;a:2;')
  await proxy.admit()
  expect(proxy.port).toBe(port)
  await conversation()
})

test('a target that is not there ends the link', async () => {
  target.stop()
  const peer = await dial()
  await peer.ends('reset')
  await vi.waitFor(() => expect(proxy.links.size).toBe(0))
})

test('after a switch new links go elsewhere, and old ones stay', async () => {
  const other = await Echo.start('b')
  const old = await conversation()
  proxy.switchTo(other.port)
  const fresh = await dial()
  fresh.socket.write('2')
  old.socket.write('3')
  await fresh.hears('b:2;')
  await old.hears('a:1;a:3;')
  other.stop()
})

test('targets can be taken in turn', async () => {
  const other = await Echo.start('b')
  let turn = 0
  const balancer = await FaultProxy.listen(() => [target, other][turn++ % 2]?.port)
  for (const answer of ['a:1;', 'b:1;', 'a:1;']) {
    const peer = await dial(balancer.port)
    peer.socket.write('1')
    await peer.hears(answer)
  }
  await balancer.close()
  other.stop()
})

test('the next reply can be lost after the target has done what it was asked', async () => {
  const peer = await conversation()
  const lost: string[] = []
  ;[...proxy.links][0]?.loseNextReply((reply) => lost.push(reply))
  peer.socket.write('2')
  await peer.ends('reset')
  expect(target.peers[0]?.heard).toBe('12')
  expect(peer.heard).toBe('a:1;')
  expect(lost).toEqual(['a:2;'])
})

test('a link is known by what was said on it', async () => {
  await conversation()
  const peer = await dial()
  peer.socket.write('SUBSCRIBE news')
  await peer.hears('a:SUBSCRIBE news;')
  expect([...proxy.links].map((link) => link.hasSaid('subscribe'))).toEqual([false, true])
})

test('a link knows what was lost on it, what had to wait and what came late', async () => {
  const peer = await conversation()
  const [link] = [...proxy.links]
  link?.change({ held: true }, 'up')
  peer.socket.write('22')
  await expect.poll(() => link?.harmed('up').held).toBe(2)
  link?.change({ held: false, delayMs: 5 }, 'up')
  peer.socket.write('333')
  await expect.poll(() => link?.harmed('up').late).toBe(3)
  expect(link?.isWhole).toBe(true)
  link?.change({ lost: true })
  peer.socket.write('4444')
  await expect.poll(() => link?.harmed('up').lost).toBe(4)
  expect(link?.isWhole).toBe(false)
})
