import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Program } from '../../src/chaos/bundle.js'
import { operatedProgram, operatorOf, visitor } from './operated.js'
import { servers, serverOf, soon } from './stage.js'

let program: Program

beforeAll(async () => {
  program = await operatedProgram()
})

afterAll(() => program?.remove())

/** Three servers: somebody who operates the first one, and a visitor on each of the others. */
async function three() {
  const { fleet } = await servers(program.file, 3)
  const operator = await operatorOf(serverOf(fleet, 0).url)
  const [ada, eve] = [await visitor(serverOf(fleet, 1).url, 'ada'), await visitor(serverOf(fleet, 2).url, 'eve')]
  // What a server knows of the others it learns when it asks.
  await soon(async () => expect(await operator.count(1_000)).toMatchObject({ nodes: 3, complete: true }))
  return { operator, ada, eve, hanging: serverOf(fleet, 2).berth.process }
}

/** How long something took, in milliseconds. */
async function timed<T>(work: Promise<T>): Promise<[value: T, tookMs: number]> {
  const began = performance.now()
  return [await work, performance.now() - began]
}

test('a server process that hangs is waited for until the deadline: who answered is told, and that it is not all', async () => {
  const { operator, ada, eve, hanging } = await three()
  const all = { connections: 3, sessions: 3, nodes: 3, complete: true }
  expect(await operator.count(1_000)).toEqual(all)

  hanging.stop()
  const [count, countMs] = await timed(operator.count(400))
  expect(count).toEqual({ connections: 2, sessions: 2, nodes: 2, complete: false })
  expect(countMs).toBeGreaterThanOrEqual(395)
  expect(countMs).toBeLessThan(1_400)
  const [there, thereMs] = await timed(operator.sessions('ada', 400))
  expect(there).toMatchObject({ sessions: [{ user: 'ada', session: ada.session }], complete: false })
  expect(thereMs).toBeLessThan(1_400)
  expect(await operator.sessions('eve', 400)).toEqual({ sessions: [], complete: false })
  // Whoever is not found may be on the one that hangs: not the same as nobody.
  await expect(operator.call('eve', 'who', null)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })

  hanging.continue()
  await soon(async () => expect(await operator.count(400)).toEqual(all))
  expect((await operator.sessions('eve')).sessions).toMatchObject([{ session: eve.session }])
})

test('who is sent away while its server process hangs is sent away when that goes on', async () => {
  const { operator, ada, eve, hanging } = await three()
  hanging.stop()
  expect(await operator.disconnect('eve', 400)).toEqual({ sessions: 0, complete: false })
  expect(await operator.disconnect('ada', 400)).toEqual({ sessions: 1, complete: false })
  await soon(() => expect(ada.state).toMatchObject({ status: 'closed', closeCode: 4506 }))
  expect(eve.state.status).toBe('connected')
  hanging.continue()
  await soon(() => expect(eve.state).toMatchObject({ status: 'closed', closeCode: 4506 }))
})

test('a user on another server process is called, pushed to, and loses a channel and its session at a word', async () => {
  const { operator, ada, eve } = await three()
  ada.method('double', (input) => Number(input) * 2)
  expect(await operator.call('ada', 'double', 21)).toBe(42)
  await expect(operator.call('nobody', 'double', 21)).rejects.toMatchObject({ code: 'NOT_CONNECTED' })

  const pushed: unknown[] = []
  ada.personal.on('message', ({ data }) => pushed.push(data))
  await ada.personal.ready()
  await operator.push('ada', 'for you')
  await soon(() => expect(pushed).toEqual(['for you']))

  const heard: unknown[] = []
  ada.on('message', ({ channel, data }) => heard.push([channel, data]))
  expect(await operator.subscribe('ada', 'closed:1')).toEqual({ sessions: 1, complete: true })
  await operator.publish('closed:1', 'first')
  await soon(() => expect(heard).toEqual([['closed:1', 'first']]))

  // What the server gave, and what the client asked for itself.
  const own: unknown[] = []
  const room = ada.channel('room:1')
  const other = eve.channel('room:1')
  const others: unknown[] = []
  room.on('message', ({ data }) => own.push(data))
  other.on('message', ({ data }) => others.push(data))
  await Promise.all([room.ready(), other.ready()])
  expect(await operator.unsubscribe('ada', 'closed:1')).toEqual({ sessions: 1, complete: true })
  expect(await operator.unsubscribe('ada', 'room:1')).toEqual({ sessions: 1, complete: true })
  await soon(() => expect(room.state).toMatchObject({ status: 'unsubscribed', error: { code: 'FORBIDDEN' } }))
  await operator.publish('closed:1', 'second')
  await operator.publish('room:1', 'second')
  await soon(() => expect(others).toEqual(['second']))
  expect([heard, own]).toEqual([[['closed:1', 'first']], []])

  expect(await operator.disconnect('ada')).toEqual({ sessions: 1, complete: true })
  await soon(() => expect(ada.state).toMatchObject({ status: 'closed', closeCode: 4506 }))
  expect(eve.state.status).toBe('connected')
})
