import { expect, test } from 'vitest'
import { SocketClient, until } from '../support/http.js'
import { MeasuredServer } from '../support/measured-server.js'

const MIB = 1_048_576
const SLOW = 200
const QUICK = 5

/** A server with many clients that have stopped reading, and a few that read on. All subscribe to one channel. */
async function crowded(options: string) {
  const server = await MeasuredServer.start({
    options,
    act: `const data = 'x'.repeat(argument.bytes)
      for (let i = 0; i < argument.count; i++) {
        realtime.publish('c', data)
        if (i % argument.together === argument.together - 1) await new Promise(setImmediate)
      }`,
  })
  const dial = async () => {
    const client = await SocketClient.connected(`ws+unix://${server.path}:/realtime`)
    await client.subscribe('c')
    return client
  }
  const slow: SocketClient[] = []
  for (let i = 0; i < SLOW; i++) slow.push(await dial())
  const quick: SocketClient[] = []
  for (let i = 0; i < QUICK; i++) quick.push(await dial())
  return { server, slow, quick }
}

test.each([
  { what: 'small messages, one in a turn', bytes: 100, count: 4_000, together: 1, portion: 500 },
  { what: 'small messages, ten in a turn', bytes: 100, count: 4_000, together: 10, portion: 500 },
  { what: 'large messages', bytes: 20_000, count: 100, together: 1, portion: 10 },
])(
  '200 links that read nothing cost no more than 20 MiB, and the others get everything: $what',
  async ({ what, bytes, count, together, portion }) => {
    const { server, slow, quick } = await crowded('{}')
    let published = 0
    // In portions that the quick ones read before the next one comes: how fast they are is not the question.
    const publish = async (messages: number, readers: readonly SocketClient[]) => {
      for (const end = published + messages; published < end; ) {
        await server.act({ bytes, count: portion, together })
        published += portion
        await until(`message ${published}`, () => readers.every((client) => client.offsets().length === published))
      }
    }
    // The log and the ring are full before anything is weighed.
    await publish(count, [...slow, ...quick])
    const before = await server.weigh()
    for (const client of slow) client.webSocket.pause()
    await publish(count, quick)
    const after = await server.weigh()
    console.log(`${what}: ${((after.rssBytes - before.rssBytes) / MIB).toFixed(1)} MiB for ${SLOW} slow links`)
    expect(after.connections).toBe(SLOW + QUICK)
    expect(slow.every((client) => client.offsets().length < published)).toBe(true)
    expect(after.rssBytes - before.rssBytes).toBeLessThan(20 * MIB)
  },
  120_000,
)
