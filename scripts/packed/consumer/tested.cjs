// How a user tests an application, with the kits of both packages. The caller brings what it imported.
const { app } = require('./contract.cjs')

exports.tested = async ({ RealtimeServer, RealtimeClient, clientKit, serverKit }) => {
  const clock = new clientKit.VirtualClock()
  if (!(clock instanceof serverKit.VirtualClock)) throw new Error('each kit has a clock of its own')
  const realtime = new RealtimeServer(app, { clock, random: serverKit.seededRandom(1) })
  realtime.channel('room:{roomId}', { subscribe: true, publish: true })
  const pair = serverKit.connectPair(realtime, { clock, latencyMs: 10 })
  const client = new RealtimeClient('ws://test', pair.options)
  const room = client.channel('room:42')
  const received = new Promise((resolve) => room.on('message', resolve))
  await clock.until(room.ready())
  await clock.until(room.publish({ text: 'hi' }))
  const { data } = await clock.until(received)
  if (data.text !== 'hi') throw new Error(`published "hi", received ${JSON.stringify(data)}`)

  const server = clientKit.fakeServer()
  server.onCall('rename', ({ title }) => title.length)
  const unit = new RealtimeClient('ws://test', server.options)
  const length = await unit.call('rename', { title: 'four' })
  if (length !== 4) throw new Error(`the fake server answered ${length}`)
}
