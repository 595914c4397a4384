import type { IncomingMessage } from 'node:http'

/** As much of an upgrade request as the judges of handshakes look at. */
export function request(headers: Readonly<Record<string, string>>, remoteAddress = '192.0.2.1'): IncomingMessage {
  return { url: '/realtime', headers, socket: { remoteAddress } } as unknown as IncomingMessage
}
