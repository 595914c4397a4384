import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { RealtimeServer } from '@org/realtime-server'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { answerTo, frame, upgradeRequest } from '../abuse/raw.js'
import { startSubject, type Subject } from '../abuse/subject.js'

let subject: Subject
beforeAll(async () => {
  subject = await startSubject()
}, 30_000)
afterAll(() => subject.stop())

describe('an upgrade request', () => {
  test('for another path than ours, however it is written, is not taken, and no address in it is followed', async () => {
    const targets = [
      'http://169.254.169.254/latest/meta-data',
      'http://169.254.169.254/realtime',
      'ws://localhost/realtime',
      '//localhost/realtime',
      '/realtime/',
      '/realtime/../admin',
      '/./realtime',
      '/realtime%2f',
      '/realtime;a=b',
      '/REALTIME',
      '/realtime#fragment',
      '*',
    ]
    const asked = targets.map((to) => upgradeRequest().replace('GET /realtime', `GET ${to}`))
    const answers = await Promise.all(asked.map((request) => answerTo(subject.port, request, 500)))
    expect(answers.filter((answer) => answer.includes(' 101 '))).toEqual([])
    expect(await subject.isServing()).toBe(true)
  })

  test.each([
    ['to HTTP/2', upgradeRequest().replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['to several protocols', upgradeRequest().replace('Upgrade: websocket', 'Upgrade: h2c, websocket')],
    ['that its Connection header does not name', upgradeRequest().replace('Connection: Upgrade', 'Connection: close')],
    ['by POST', upgradeRequest().replace('GET', 'POST')],
  ])('%s is not answered with 101', async (_, request) => {
    expect(await answerTo(subject.port, request, 500)).not.toMatch(/^HTTP\/1\.1 101/)
    expect(await subject.isServing()).toBe(true)
  })

  test.each([
    ['a length', 'Content-Length: 5\r\n'],
    ['chunks', 'Transfer-Encoding: chunked\r\n'],
    ['both', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
  ])('with a body by %s smuggles no second request in behind it', async (_, more) => {
    const second = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const heard = await answerTo(subject.port, upgradeRequest(more) + second, 500)
    // What follows the first request is no HTTP any more: it is taken for frames, and refused as such.
    expect(heard.match(/HTTP\/1\.1 \d+/g)?.length ?? 0).toBeLessThanOrEqual(1)
    expect(await subject.isServing()).toBe(true)
  })

  // Node takes 16 KiB of headers at most.
  test.each([
    ['spaces in the subprotocol', `Sec-WebSocket-Protocol: a${' '.repeat(15_000)}b\r\n`],
    ['commas in the subprotocol', `Sec-WebSocket-Protocol: ${','.repeat(15_000)}\r\n`],
    ['spaces in the extensions', `Sec-WebSocket-Extensions: a;${' '.repeat(15_000)}b\r\n`],
    ['quotes in the extensions', `Sec-WebSocket-Extensions: a;b="${'\\"'.repeat(7_000)}\r\n`],
    ['dots in the origin', `Origin: https://${'a.'.repeat(7_000)}\r\nCookie: a=b\r\n`],
    ['brackets in the origin', `Origin: https://${'['.repeat(15_000)}\r\nCookie: a=b\r\n`],
    ['addresses that it was forwarded for', `X-Forwarded-For: ${'1.1.1.1,'.repeat(1_800)}\r\n`],
  ])('with thousands of %s is judged at once', async (_, header) => {
    const offer = 'Sec-WebSocket-Protocol: realtime.v1.json\r\n'
    const request = upgradeRequest(header).replace(offer, '')
    const started = performance.now()
    for (let i = 0; i < 20; i++) expect(await answerTo(subject.port, request)).toMatch(/^HTTP\/1\.1 4\d\d /)
    // A square of the length would take seconds; this leaves room for a slow machine.
    expect(performance.now() - started).toBeLessThan(20 * 100)
    expect(await subject.isServing()).toBe(true)
  })

  test('while the server closes is refused with 503 in time, and none is answered with 101', async () => {
    const realtime = new RealtimeServer()
    realtime.channel('room', { subscribe: true })
    const http = createServer()
    realtime.attach(http)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void http.close())
    const { port } = http.address() as AddressInfo
    const open = connect(port, '127.0.0.1')
    open.on('error', () => undefined)
    open.write(upgradeRequest())
    await new Promise((resolve) => open.once('data', resolve))

    const closed = realtime.close({ drainMs: 1_000 })
    const answers = await Promise.all(Array.from({ length: 10 }, () => answerTo(port, upgradeRequest())))
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 503 /)
    await closed
    open.destroy()
  })
})

test('a socket that is reset at any byte of its handshake and its first frames takes nobody with it', async () => {
  const connectFrame = frame({ opcode: 1, payload: JSON.stringify({ type: 'connect', producer: 'p'.repeat(22) }) })
  const subscribe = frame({ opcode: 1, payload: '{"type":"subscribe","channel":"room","generation":1}' })
  const all = Buffer.concat([Buffer.from(upgradeRequest()), connectFrame, subscribe])
  const cutAt = (bytes: number) =>
    new Promise<void>((resolve) => {
      const socket = connect(subject.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.on('close', () => resolve())
      socket.write(all.subarray(0, bytes), () => setTimeout(() => socket.resetAndDestroy(), bytes % 5))
    })
  const places = Array.from({ length: all.length + 1 }, (_, bytes) => bytes)
  while (places.length > 0) await Promise.all(places.splice(0, 20).map(cutAt))
  expect(await subject.isServing()).toBe(true)
}, 60_000)
