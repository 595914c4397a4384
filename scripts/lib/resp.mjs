// One command to a Redis and its answer, over a socket of its own: enough for tests to look behind a client's back.
import { connect } from 'node:net'

/** Sends a command and resolves to its answer; rejects with an error of Redis, or when the socket ends first. */
export function command({ host = '127.0.0.1', port }, args) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host)
    let received = Buffer.alloc(0)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection ended before the answer')))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const read = parse(received, 0)
      if (!read) return
      socket.destroy()
      if (read.value instanceof Error) reject(read.value)
      else resolve(read.value)
    })
    socket.write(`*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`).join('')}`)
  })
}

/** The value that begins at `at`, and where it ends; undefined while it is not complete. */
function parse(bytes, at) {
  const end = bytes.indexOf('\r\n', at)
  if (end < 0) return undefined
  const line = bytes.toString('utf8', at + 1, end)
  const next = end + 2
  switch (String.fromCharCode(bytes[at])) {
    case '+':
      return { value: line, next }
    case '-':
      return { value: new Error(line), next }
    case ':':
      return { value: Number(line), next }
    case '$': {
      const length = Number(line)
      if (length < 0) return { value: null, next }
      if (bytes.length < next + length + 2) return undefined
      return { value: bytes.toString('utf8', next, next + length), next: next + length + 2 }
    }
    case '*':
      return list(bytes, Number(line), next)
    default:
      return { value: new Error(`an answer that begins with "${String.fromCharCode(bytes[at])}"`), next }
  }
}

function list(bytes, length, next) {
  if (length < 0) return { value: null, next }
  const value = []
  for (let i = 0; i < length; i++) {
    const read = parse(bytes, next)
    if (!read) return undefined
    value.push(read.value)
    next = read.next
  }
  return { value, next }
}
