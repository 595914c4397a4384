import { Server } from 'socket.io'
import { TOKEN, type Contend, type Message } from './contender.js'

interface Auth {
  readonly token?: string
  readonly channels?: readonly string[]
}

/**
 * Socket.IO at its best: WebSocket only, no compression, rooms joined in the same turn as the connection, and no request
 * kept for each socket, as its documentation advises. The engine is its default one, `ws`.
 */
export const socketIo: Contend = (http) => {
  const server = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })
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
