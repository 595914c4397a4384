import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endOf, frame, header, upgraded } from '../abuse/raw.js'
import { startSubject, type Subject } from '../abuse/subject.js'

const MIB = 1_048_576

let subject: Subject
beforeAll(async () => {
  subject = await startSubject()
}, 30_000)
afterAll(() => subject.stop())

/** Has links opened, abused and ended, some side by side; gives the codes they ended with, each once. */
async function codesOf(links: number, bytes: () => Buffer): Promise<number[]> {
  const codes = new Set<number>()
  const one = async () => {
    const { socket } = await upgraded(subject.port)
    const end = endOf(socket)
    socket.write(bytes())
    codes.add(await end)
    socket.destroy()
  }
  for (let i = 0; i < links; i += 20) await Promise.all(Array.from({ length: 20 }, one))
  return [...codes]
}

/** What abuse leaves behind in the memory of the server, which has to serve others afterwards. */
async function costOf(abuse: () => Promise<void>): Promise<number> {
  const before = await subject.residentBytes()
  await abuse()
  expect(await subject.isServing()).toBe(true)
  return (await subject.residentBytes()) - before
}

describe('a message', () => {
  test('that announces 2^31 bytes, 2^63 bytes or one more ends its link with 1009, and room is made for none of them', async () => {
    const cost = await costOf(async () => {
      for (const bytes of [2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 63n + 1n, 2n ** 64n - 1n]) {
        expect(await codesOf(20, () => header({ opcode: 1, bytes }))).toEqual([1009])
      }
    })
    expect(cost).toBeLessThan(20 * MIB)
  })

  test('in fragments of one byte is given up after 64 of them, however fast they come', async () => {
    const fragments = Buffer.concat(
      Array.from({ length: 20_000 }, (_, i) => frame({ opcode: i ? 0 : 1, payload: 'x', fin: false })),
    )
    const cost = await costOf(async () => {
      const serving = subject.isServing()
      expect(await codesOf(100, () => fragments)).toEqual([1008])
      expect(await serving).toBe(true)
    })
    expect(cost).toBeLessThan(20 * MIB)
  }, 60_000)

  test('that arrives byte by byte is given up after 1,024 pieces', async () => {
    const { socket } = await upgraded(subject.port)
    socket.setNoDelay(true)
    const end = endOf(socket)
    socket.write(header({ opcode: 1, bytes: 60_000n }))
    let sent = 0
    const trickle = setInterval(() => {
      for (let i = 0; i < 5 && socket.writable; i++, sent++) socket.write('x')
    }, 1)
    expect(await end).toBe(1008)
    clearInterval(trickle)
    expect(sent).toBeGreaterThanOrEqual(1_024)
    expect(sent).toBeLessThan(60_000)
    expect(await subject.isServing()).toBe(true)
  }, 60_000)

  test('that is small packed and huge unpacked is never unpacked: compression is not agreed to', async () => {
    const bomb = deflateRawSync(Buffer.alloc(60 * MIB))
    expect(bomb.length).toBeLessThan(65_536)
    const cost = await costOf(async () => {
      for (let i = 0; i < 20; i++) {
        const offer =
          'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits\r\n'
        const { socket, answer } = await upgraded(subject.port, offer)
        expect(answer.toLowerCase()).not.toContain('sec-websocket-extensions')
        const end = endOf(socket)
        socket.write(frame({ opcode: 1, payload: bomb, rsv: 4 }))
        expect(await end).toBe(1002)
      }
    })
    expect(cost).toBeLessThan(20 * MIB)
  }, 60_000)

  test('of 64 KiB that is nothing but separators is one wrong frame, read once', async () => {
    const size = 65_000
    const texts = [
      '\n'.repeat(size),
      '{"type":"ping"}\n'.repeat(size / 16),
      `[${'[],'.repeat(size / 3)}[]]`,
      `[${','.repeat(size)}]`,
      `{"type":"connect",${'"a":1,'.repeat(size / 6 - 9)}"a":1}`,
    ]
    const started = performance.now()
    const cost = await costOf(async () => {
      for (const payload of texts) {
        expect(payload.length).toBeGreaterThan(64_000)
        expect(await codesOf(40, () => frame({ opcode: 1, payload }))).toEqual([4502])
      }
    })
    // 200 links with their handshakes: who made 20,000 things of each would need longer.
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(cost).toBeLessThan(20 * MIB)
  }, 60_000)
})
