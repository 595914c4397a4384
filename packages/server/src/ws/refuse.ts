import type { Duplex } from 'node:stream'

const REASONS = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
} as const

/** Refuses a handshake: answers with a status and a sentence that says what to do, and lets go of the socket. */
export function refuse(
  socket: Duplex,
  status: keyof typeof REASONS,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  socket.on('error', () => undefined)
  // The sockets of an HTTP server stay half open: without this, a peer that does not end its side keeps it for ever.
  socket.once('finish', () => socket.destroy())
  const lines = Object.entries({
    Connection: 'close',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(sentence)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\n${lines.join('')}\r\n${sentence}`)
}
