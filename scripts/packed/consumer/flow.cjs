// What a newcomer does first: a server, a client, one message there and back. The caller brings the classes.
const { once } = require('node:events')
const { createServer } = require('node:http')
const { app } = require('./contract.cjs')

exports.flow = async ({ RealtimeServer, RealtimeClient }) => {
  const realtime = new RealtimeServer(app)
  realtime.channel('room:{roomId}', { subscribe: true, publish: true })
  const http = createServer()
  realtime.attach(http, { path: '/realtime' })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')

  const client = new RealtimeClient(`ws://127.0.0.1:${http.address().port}/realtime`)
  const room = client.channel('room:42')
  const received = new Promise((resolve) => room.on('message', resolve))
  await room.ready()
  const { offset } = await room.publish({ text: 'hi' })
  const message = await received
  if (message.data.text !== 'hi' || message.offset !== offset) {
    throw new Error(`published "hi" at ${offset}, received ${JSON.stringify(message)}`)
  }
}
