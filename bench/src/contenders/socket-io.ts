import { Server, type ServerOptions } from 'socket.io'
import { TOKEN, type Contend, type Message } from './contender.js'

interface Auth {
  readonly token?: string
  readonly channels?: readonly string[]
}

/**
 * Socket.IO at its best: WebSocket only, no compression, rooms joined in the same turn as the connection, and no request
 * kept for each socket, as its documentation advises. The engine is its default one, `ws`.
 *
 * @param adapter What joins several servers; absent: it is alone.
 */
export const socketIo =
  (adapter?: ServerOptions['adapter']): Contend =>
  (http) => {
    const own = { transports: ['websocket' as const], perMessageDeflate: false, serveClient: false }
    const server = new Server(http, adapter ? { ...own, adapter } : own)
    server.engine.on('connection', (rawSocket: { request: unknown }) => {
      rawSocket.request = null
    })
    server.use((socket, next) => {
      if ((socket.handshake.auth as Auth).token === TOKEN) next()
      else next(new Error('unauthorized'))
    })
    server.on('connection', (socket) => {
      void socket.join([...((socket.handshake.auth as Auth).channels ?? [])])
      socket.on('echo', (message: Message, answer: (message: Message) => void) => answer(message))
      socket.on('publish', (channel: string, message: Message, answer: () => void) => {
        socket.to(channel).emit('message', message)
        answer()
      })
    })
    return {
      publish: (channel, message) => server.to(channel).emit('message', message),
    }
  }
