import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSubject, type Subject } from './subject.js'
import { closeFrame, endOf, frame, header, upgraded, upgradeRequest } from './raw.js'

const MIB = 1_048_576

let subject: Subject
beforeAll(async () => {
  subject = await startSubject()
}, 30_000)
afterAll(() => subject.stop())

const text = (payload: string | Buffer, options = {}) => frame({ opcode: 1, payload, ...options })

/** What a hostile peer sends after its upgrade, and the close code it gets. */
const OFFENCES: ReadonlyArray<readonly [what: string, bytes: () => Buffer, code: number]> = [
  ['a frame that is not masked', () => text('{}', { masked: false }), 1002],
  ['a frame with RSV1, for an extension nobody agreed on', () => text('{}', { rsv: 4 }), 1002],
  ['a frame with RSV2 and RSV3', () => text('{}', { rsv: 3 }), 1002],
  ['a reserved opcode', () => frame({ opcode: 3, payload: 'x' }), 1002],
  ['a reserved control opcode', () => frame({ opcode: 11, payload: '' }), 1002],
  ['a continuation of nothing', () => frame({ opcode: 0, payload: 'x' }), 1002],
  ['a new message inside a fragmented one', () => Buffer.concat([text('a', { fin: false }), text('b')]), 1002],
  ['a ping in fragments', () => frame({ opcode: 9, payload: 'x', fin: false }), 1002],
  ['a ping of more than 125 bytes', () => frame({ opcode: 9, payload: 'x'.repeat(126) }), 1002],
  ['a close of more than 125 bytes', () => frame({ opcode: 8, payload: Buffer.alloc(126, 3) }), 1002],
  ['a close of one byte', () => frame({ opcode: 8, payload: Buffer.from([3]) }), 1002],
  ['a close with a code that nobody may send', () => closeFrame(1005), 1002],
  ['a close with a code outside all ranges', () => closeFrame(999), 1002],
  ['a close whose reason is no UTF-8', () => closeFrame(1000, Buffer.from([0xc3, 0x28])), 1007],
  ['a text that is no UTF-8', () => text(Buffer.from([0xf0, 0x28, 0x8c, 0x28])), 1007],
  ['half a character at the end of a text', () => text(Buffer.from([0xe2, 0x82])), 1007],
  ['a length of 64 bits with the highest one set', () => header({ opcode: 1, bytes: 2n ** 63n }), 1009],
  ['a length of 10 MiB, and none of it', () => header({ opcode: 1, bytes: 10n * 1_048_576n }), 1009],
  ['a message of 65,537 bytes', () => text('x'.repeat(65_537)), 1009],
  [
    'fragments that add up to more than 64 KiB',
    () =>
      Buffer.concat(
        Array.from({ length: 40 }, (_, i) => frame({ opcode: i ? 0 : 1, payload: 'x'.repeat(2_000), fin: false })),
      ),
    1009,
  ],
  [
    'a message in 200 fragments of one byte',
    () => Buffer.concat(Array.from({ length: 200 }, (_, i) => frame({ opcode: i ? 0 : 1, payload: 'x', fin: false }))),
    1008,
  ],
  ['a binary message', () => frame({ opcode: 2, payload: 'x' }), 4502],
  ['what is no JSON', () => text('hello'), 4502],
  ['a message before connect', () => text('{"type":"subscribe","channel":"c","generation":1}'), 4502],
  ['JSON nested 30,000 deep', () => text('['.repeat(30_000) + ']'.repeat(30_000)), 4502],
]

describe('a peer that sends', () => {
  test.each(OFFENCES)('%s is closed with the right code', async (_, bytes, code) => {
    const { socket } = await upgraded(subject.port)
    const end = endOf(socket)
    socket.write(bytes())
    expect(await end).toBe(code)
    expect(await subject.isServing()).toBe(true)
  })

  test('any of it, 40 times over, leaves nothing behind', async () => {
    const before = await subject.residentBytes()
    for (let round = 0; round < 40; round++) {
      await Promise.all(
        OFFENCES.map(async ([, bytes]) => {
          const { socket } = await upgraded(subject.port)
          const end = endOf(socket)
          socket.write(bytes())
          await end
          socket.destroy()
        }),
      )
    }
    expect(await subject.isServing()).toBe(true)
    expect((await subject.residentBytes()) - before).toBeLessThan(20 * MIB)
  }, 60_000)
})

describe('a peer that floods', () => {
  test('pings, and reads no answer, is cut off, and the others are served', async () => {
    const { socket } = await upgraded(subject.port)
    socket.pause()
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    const ping = frame({ opcode: 9, payload: 'x'.repeat(125) })
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => ping))
    const timer = setInterval(() => socket.writable && socket.write(flood), 1)
    // Data that nobody reads hides the end of a socket: looking at it is not reading answers.
    setTimeout(() => socket.resume(), 2_000)
    await closed
    clearInterval(timer)
    expect(await subject.isServing()).toBe(true)
  })

  test('pongs nobody asked for is ignored, and costs nothing', async () => {
    const before = await subject.residentBytes()
    const { socket } = await upgraded(subject.port)
    for (let i = 0; i < 20; i++) {
      socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame({ opcode: 10, payload: 'x' }))))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await subject.isServing()).toBe(true)
    socket.destroy()
    expect((await subject.residentBytes()) - before).toBeLessThan(20 * MIB)
  })
})

describe('an upgrade request', () => {
  const answer = (request: string, keepOpen = false) =>
    new Promise<string>((resolve) => {
      const socket = connect(subject.port, '127.0.0.1')
      let heard = ''
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(heard.split('\r\n', 1)[0] ?? ''))
      socket.write(request)
      if (!keepOpen) setTimeout(() => socket.destroy(), 1_500)
    })

  test('with 2,000 headers is refused or taken, and the server lives', async () => {
    const many = Array.from({ length: 2_000 }, (_, i) => `X-${i}: ${'v'.repeat(20)}\r\n`).join('')
    expect(await answer(upgradeRequest(many))).toMatch(/^HTTP\/1\.1 431/)
    const short = Array.from({ length: 2_000 }, (_, i) => `${i.toString(36)}:\r\n`).join('')
    expect(await answer(upgradeRequest(short))).toMatch(/^HTTP\/1\.1 (101|431)/)
    expect(await subject.isServing()).toBe(true)
  })

  test('that never ends is cut by the HTTP server when its time for headers is over', async () => {
    const start = Date.now()
    expect(await answer('GET /realtime HTTP/1.1\r\nHost: x\r\nX-Slow: ', true)).toMatch(/^HTTP\/1\.1 408/)
    expect(Date.now() - start).toBeGreaterThan(500)
    expect(await subject.isServing()).toBe(true)
  })

  test.each([
    ['no key', upgradeRequest().replace(/Sec-WebSocket-Key: .*\r\n/, ''), 400],
    ['a bad key', upgradeRequest().replace(/Sec-WebSocket-Key: .*\r\n/, 'Sec-WebSocket-Key: short\r\n'), 400],
    ['another version', upgradeRequest().replace('Version: 13', 'Version: 99'), 400],
    ['another method', upgradeRequest().replace('GET', 'POST'), 405],
    ['an odd subprotocol', upgradeRequest().replace('realtime.v1.json', 'a, ,b'), 400],
  ])('with %s is refused', async (_, request, status) => {
    expect(await answer(request)).toContain(` ${status} `)
    expect(await subject.isServing()).toBe(true)
  })
})
