import { once } from 'node:events'
import { SUBPROTOCOL, type ClientFrame, type ServerFrame } from '@org/realtime-protocol'
import { WebSocket } from 'ws'
import { until } from './until.js'

/** A client that speaks the protocol by hand, so that it can do what ours would not. */
export async function rawClient(port: number, data?: unknown) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime`, SUBPROTOCOL)
  const frames: ServerFrame[] = []
  socket.on('message', (bytes: Buffer) => frames.push(JSON.parse(bytes.toString('utf8')) as ServerFrame))
  await once(socket, 'open')
  const say = (frame: ClientFrame) => socket.send(JSON.stringify(frame))
  say({
    type: 'connect',
    producer: `raw-client-${Math.random().toString(36).padEnd(20, '0')}`,
    ...(data === undefined ? {} : { data }),
    subscriptions: [{ channel: 'room:lobby', generation: 1 }],
  })
  await until('a subscription', () => frames.some(({ type }) => type === 'subscribed'))
  return {
    frames,
    say,
    publish: (ref: number, data: unknown) =>
      say({ type: 'publish', ref, channel: 'room:lobby', id: `id-${ref}`, data }),
    /** The frames of one type, waiting until there is one. */
    of: <T extends ServerFrame['type']>(type: T) =>
      until(
        `a frame of type ${type}`,
        () => frames.filter((frame): frame is Extract<ServerFrame, { type: T }> => frame.type === type),
        ({ length }) => length > 0,
      ),
    async close() {
      socket.close()
      if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close')
    },
  }
}

export type RawClient = Awaited<ReturnType<typeof rawClient>>
