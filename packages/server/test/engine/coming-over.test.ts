import { expect, test } from 'vitest'
import type { Broker } from '../../src/index.js'
import { Gate } from '../support/gate.js'
import { world } from '../support/world.js'

/** A world with two servers; the other one serves no channel yet, and its readings of the log are noted and can be held back. */
async function twoServers() {
  const readings: unknown[] = []
  const gate = new Gate()
  const made = world({
    wrap: (backend) => ({
      join(handler) {
        const node = backend.join(handler)
        const recover: Broker['recover'] = (channel, since, limit) => {
          if (since !== undefined) readings.push(since)
          return gate.after(() => node.broker.recover(channel, since, limit))
        }
        return { ...node, broker: { ...node.broker, recover } }
      },
    }),
  })
  let epoch = ''
  for (let i = 1; i <= 6; i++) epoch = (await made.server.publish('c', i)).epoch
  const other = made.node()
  const comeOver = async (offset: number) => {
    const client = await made.connected(other)
    await client.subscribe({ channel: 'c', generation: 1, since: { epoch, offset } })
    return client
  }
  return { ...made, readings, gate, epoch, comeOver }
}

test('a log is read once for those who come over from another server, however many there are', async () => {
  const { server, clock, readings, comeOver } = await twoServers()
  const clients = []
  for (const offset of [1, 1, 3, 5, 6, 1]) clients.push(await comeOver(offset))
  await server.publish('c', 7)
  await clock.settle()
  expect(clients.map((client) => client.offsets())).toEqual([
    [2, 3, 4, 5, 6, 7],
    [2, 3, 4, 5, 6, 7],
    [4, 5, 6, 7],
    [6, 7],
    [7],
    [2, 3, 4, 5, 6, 7],
  ])
  expect(readings).toHaveLength(1)
})

test('who comes from before what was read has the log read for it, and later ones of the same place have not', async () => {
  const { clock, readings, comeOver } = await twoServers()
  const clients = []
  for (const offset of [4, 0, 0, 2]) clients.push(await comeOver(offset))
  await clock.settle()
  expect(clients.map((client) => client.offsets())).toEqual([
    [5, 6],
    [1, 2, 3, 4, 5, 6],
    [1, 2, 3, 4, 5, 6],
    [3, 4, 5, 6],
  ])
  expect(readings).toHaveLength(2)
})

test('those who come while the channel still opens share what was read for the first of them', async () => {
  const { server, clock, gate, readings, comeOver } = await twoServers()
  gate.close()
  const clients = [await comeOver(2)]
  // The reading for the client is let through; that of where the log ends is not.
  gate.step()
  await clock.settle()
  clients.push(await comeOver(2))
  await server.publish('c', 7)
  clients.push(await comeOver(2))
  expect(readings).toHaveLength(1)
  gate.open()
  await clock.settle()
  for (const client of clients) expect(client.offsets()).toEqual([3, 4, 5, 6, 7])
  clients.push(await comeOver(2))
  expect(clients.at(-1)?.offsets()).toEqual([3, 4, 5, 6, 7])
  expect(readings).toHaveLength(1)
})

test('what was read before a failover is told as lost to those whom it was given', async () => {
  const { server, clock, gate, backend, readings, comeOver } = await twoServers()
  const behind = backend.checkpoint()
  await server.publish('c', 7)
  gate.close()
  const clients = [await comeOver(2)]
  gate.step()
  await clock.settle()
  // The history that serves from now on ends where it ended for a replica that did not have the latest one.
  backend.failOver(behind)
  clients.push(await comeOver(2))
  gate.open()
  await clock.settle()
  await server.publish('c', 'other')
  await clock.settle()
  expect(readings[0]).toMatchObject({ offset: 2 })
  for (const client of clients) {
    expect(client.only('gap')).toMatchObject({ reason: 'rollback', position: { offset: 6 } })
    expect(client.offsets()).toEqual([3, 4, 5, 6, 7, 7])
  }
})
