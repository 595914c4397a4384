import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** One WebSocket frame, as right or as wrong as asked for. */
export interface RawFrame {
  readonly opcode: number
  readonly payload: string | Buffer
  readonly fin?: boolean
  /** The three reserved bits, as a number from 0 to 7. */
  readonly rsv?: number
  readonly masked?: boolean
}

/** The bytes of a frame from a client. RFC 6455 §5.2. */
export function frame({ opcode, payload, fin = true, rsv = 0, masked = true }: RawFrame): Buffer {
  const data = Buffer.from(payload)
  const head = header({ opcode, bytes: BigInt(data.length), fin, rsv, masked })
  if (!masked) return Buffer.concat([head, data])
  const key = head.subarray(-4)
  return Buffer.concat([head, data.map((byte, i) => byte ^ (key[i % 4] ?? 0))])
}

/** The head of a frame, whose payload may never come. */
export function header({
  opcode,
  bytes,
  fin = true,
  rsv = 0,
  masked = true,
}: {
  readonly opcode: number
  readonly bytes: bigint
  readonly fin?: boolean
  readonly rsv?: number
  readonly masked?: boolean
}): Buffer {
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  const mask = masked ? 0x80 : 0
  const length = Buffer.alloc(bytes < 126n ? 1 : bytes < 65_536n ? 3 : 9)
  if (bytes < 126n) length[0] = mask | Number(bytes)
  else if (bytes < 65_536n) {
    length[0] = mask | 126
    length.writeUInt16BE(Number(bytes), 1)
  } else {
    length[0] = mask | 127
    length.writeBigUInt64BE(bytes, 1)
  }
  return Buffer.concat([Buffer.from([first]), length, masked ? randomBytes(4) : Buffer.alloc(0)])
}

/** A close frame with any code and any reason. */
export function closeFrame(code: number, reason = Buffer.alloc(0)): Buffer {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  return frame({ opcode: 8, payload: Buffer.concat([payload, reason]) })
}

/** A proper upgrade request, with more headers if there are any. */
export function upgradeRequest(more = ''): string {
  return (
    'GET /realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n` +
    `Sec-WebSocket-Protocol: realtime.v1.json\r\n${more}\r\n`
  )
}

/** A raw socket whose upgrade was accepted, with the answer to it. */
export async function upgraded(port: number, more = ''): Promise<{ readonly socket: Socket; readonly answer: string }> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(upgradeRequest(more))
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      socket.off('data', read)
      if (text.startsWith('HTTP/1.1 101')) resolve(text)
      else reject(new Error(text))
    }
    socket.on('data', read)
    socket.once('close', () => reject(new Error('closed before the upgrade was answered')))
  })
  return { socket, answer }
}

/** Says something raw, and gives all that is answered until the server ends it, or the time is over. */
export function answerTo(port: number, request: string | Buffer, ms = 1_500): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const timer = setTimeout(() => socket.destroy(), ms)
    let heard = ''
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(heard)
    })
    socket.write(request)
  })
}

/** How a server ends a link: the code of its close frame, or 1006 when there is none. */
export function endOf(socket: Socket): Promise<number> {
  let heard = Buffer.alloc(0)
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk])
      const code = codeOf(heard)
      if (code === undefined) return
      resolve(code)
      socket.destroy()
    })
    socket.on('close', () => resolve(codeOf(heard) ?? 1006))
  })
}

/** The code of the first close frame in what a server sent. */
function codeOf(bytes: Buffer): number | undefined {
  let at = 0
  while (at + 2 <= bytes.length) {
    const opcode = (bytes[at] ?? 0) & 0x0f
    let length = (bytes[at + 1] ?? 0) & 0x7f
    let start = at + 2
    if (length === 126) {
      length = bytes.readUInt16BE(start)
      start += 2
    }
    if (start + length > bytes.length) return undefined
    if (opcode === 8) return length >= 2 ? bytes.readUInt16BE(start) : 1005
    at = start + length
  }
  return undefined
}
