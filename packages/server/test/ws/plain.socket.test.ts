import { once } from 'node:events'
import { onTestFinished, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { RealtimeServer } from '../../src/index.js'
import { listening, within } from '../support/http.js'

/** A WebSocket client that knows nothing of us. */
async function bare(url: string, protocols: string[] = []) {
  const socket = new WebSocket(url, protocols)
  const heard: string[] = []
  socket.on('message', (data: Buffer, isBinary) => heard.push(isBinary ? '(binary)' : data.toString()))
  socket.on('error', () => undefined)
  onTestFinished(() => socket.terminate())
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  const opened = await Promise.race([once(socket, 'open').then(() => true), closed.then(() => false)])
  const hears = (text: string) =>
    within(
      `hearing ${text}`,
      new Promise<void>((resolve) => {
        const look = () => heard.includes(text) && resolve()
        socket.on('message', look)
        look()
      }),
    )
  return { socket, heard, opened, closed, hears }
}

async function serving(realtime: RealtimeServer): Promise<string> {
  const { server, port } = await listening()
  realtime.attach(server)
  onTestFinished(() => realtime.close())
  return `ws://127.0.0.1:${port}/realtime`
}

test('[B5] bare WebSocket clients take part: they are welcomed, heard, and get what the unit broadcasts', async () => {
  const realtime = new RealtimeServer()
  realtime.channel('unit').plain({
    open(connection) {
      connection.join('unit')
      connection.send('centre: welcome')
    },
    message: async (_connection, text) => void (await realtime.publish('unit', `centre: ${text}`)),
  })
  const url = await serving(realtime)
  const [a, b] = [await bare(url), await bare(url)]
  await a.hears('centre: welcome')
  await b.hears('centre: welcome')
  a.socket.send('hello')
  await a.hears('centre: hello')
  await b.hears('centre: hello')
  expect([a.socket.protocol, a.heard]).toEqual(['', ['centre: welcome', 'centre: hello']])
})

test('a plain connection is closed with a code that says why', async () => {
  const realtime = new RealtimeServer()
  realtime.plain({ message: (connection, text) => connection.close(4501, `${text} is not welcome`) })
  const url = await serving(realtime)
  const { socket, closed } = await bare(url)
  socket.send('mallory')
  expect(await within('close', closed)).toEqual({ code: 4501, reason: 'mallory is not welcome' })

  const binary = await bare(url)
  binary.socket.send(Buffer.from([1]))
  expect((await within('close', binary.closed)).code).toBe(4502)
  const big = await bare(url)
  big.socket.send('x'.repeat(70_000))
  expect((await within('close', big.closed)).code).toBe(1009)
})

test('without plain(), and with a subprotocol of somebody else, the handshake is refused', async () => {
  expect((await bare(await serving(new RealtimeServer()))).opened).toBe(false)
  const url = await serving(new RealtimeServer().plain({}))
  expect((await bare(url, ['graphql-transport-ws'])).opened).toBe(false)
  expect((await bare(url)).opened).toBe(true)
})
