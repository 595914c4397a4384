import { TOKEN } from '../../contenders/contender.js'
import { code, Said, type Dialect } from './dialect.js'

/** Socket.IO over the WebSocket transport of Engine.IO: a digit for the packet, a digit for the event, then JSON. */
export const socketIo: Dialect = {
  path: () => '/socket.io/?EIO=4&transport=websocket',
  greeting: ({ channels }) => `40${JSON.stringify({ token: TOKEN, channels })}`,
  readyFrames: () => 1,
  read(bytes, start) {
    switch (bytes[start]) {
      case code('0'):
        return Said.nothing
      case code('2'):
        return Said.ping
      case code('4'):
        return readPacket(bytes[start + 1])
      default:
        return Said.refusal
    }
  },
  pong: '3',
  call: (ref, data) => `42${ref}["echo",${data}]`,
  publish: (ref, channel, data) => `42${ref}["publish","${channel}",${data}]`,
}

function readPacket(type: number | undefined) {
  if (type === code('0')) return Said.ready
  if (type === code('2')) return Said.delivery
  if (type === code('3')) return Said.answer
  return Said.refusal
}
