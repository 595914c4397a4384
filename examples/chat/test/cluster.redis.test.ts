import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { RealtimeClient } from '@org/realtime-client'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { requireHaproxy } from '../../../scripts/lib/haproxy.mjs'
import { planRedis, requireRedis } from '../../../scripts/lib/redis.mjs'
import type { chat } from '../src/contract.js'
import { bundleCluster, runCluster, type ClusterProgram } from './support/cluster.js'
import { until } from './support/until.js'

let program: ClusterProgram

beforeAll(async () => {
  program = await bundleCluster()
})

afterAll(() => program?.remove())

/** Somebody at the page, who writes down what it says. */
class Guest {
  readonly client: RealtimeClient<typeof chat>
  readonly room
  readonly heard: string[] = []
  readonly gaps: unknown[] = []
  /** Which servers there were, as the page is told. */
  readonly states: string[] = []
  /** How often it connected, and whether its session went on each time. */
  readonly connects: boolean[] = []

  constructor(
    { onTestFinished }: TestContext,
    url: string,
    readonly name: string,
  ) {
    this.client = new RealtimeClient<typeof chat>(url, { data: { name }, reconnect: { minMs: 50, baseMs: 100 } })
    onTestFinished(() => this.client.close())
    this.client.on('connected', ({ resumed }) => this.connects.push(resumed))
    this.room = this.client.channel('room:lobby')
    this.room.on('message', ({ data }) => this.heard.push(`${data.name} by ${data.node}: ${data.text}`))
    this.room.on('gap', (gap) => this.gaps.push(gap))
    this.client.channel('cluster').on('message', ({ data }) => {
      this.states.push(data.nodes.map(({ name, isUp }) => `${name}${isUp ? '+' : '-'}`).join(' '))
    })
  }

  async node(): Promise<string> {
    return (await this.client.call('cluster.here')).node
  }
}

/** Starts the demo with a Redis. It ends with the test. */
function run({ onTestFinished }: TestContext, env: Record<string, string>) {
  const demo = runCluster(program, { REDIS_SERVER_PATH: requireRedis(), ...env })
  onTestFinished(() => demo.stop())
  return demo
}

const fronts = [
  { front: 'HAProxy', says: /^HAProxy 2|^HAProxy 3/m, env: { HAPROXY_PATH: requireHaproxy() } },
  {
    front: 'its own splitter',
    says: /^A TCP splitter of the demo, for there is no haproxy here,/m,
    env: { HAPROXY_PATH: '/no/such' },
  },
]

// Each has a demo of its own, and most of the time waits for its server to come back.
describe.concurrent('the demo of two servers', () => {
  test.for(fronts)(
    'the demo of two servers behind $front spreads links over both; when one is killed, its guests are back at once, each message comes once, and it gets links again',
    { timeout: 60_000 },
    async ({ says, env }, context) => {
      const demo = run(context, env)
      const url = `${(await demo.ready()).replace('http', 'ws')}/realtime`
      expect(demo.printed()).toMatch(says)
      const guests: Guest[] = []
      for (const name of ['Ada', 'Grace', 'Mary', 'Joan']) {
        const guest = new Guest(context, url, name)
        // One after the other, so that it is known whose turn it is.
        await guest.room.ready()
        guests.push(guest)
      }
      const [ada] = guests
      if (!ada) throw new Error('there is nobody')
      const nodes = await Promise.all(guests.map((guest) => guest.node()))
      expect([...nodes].sort()).toEqual(['A', 'A', 'B', 'B'])
      const first = await ada.node()

      // Everybody writes all the time: before it is killed, while it is away, and when it is back.
      const sent: Array<Promise<unknown>> = []
      const said: string[] = []
      const writing = setInterval(() => {
        for (const { room, name } of guests) {
          const text = `message ${said.length + 1}`
          said.push(`${name}: ${text}`)
          sent.push(room.publish({ text }))
        }
      }, 50)
      context.onTestFinished(() => clearInterval(writing))
      await until('messages before', () => ada.heard.length > 20)
      ada.client.call('cluster.kill', { node: first }).catch(() => undefined)
      await until('all hear that it is gone', () => guests.every(({ states }) => states.at(-1)?.includes('-')))
      await until('all hear that it is back', () => guests.every(({ states }) => states.at(-1) === 'A+ B+'))
      clearInterval(writing)
      await Promise.all(sent)

      for (const { heard, gaps } of guests) {
        await until('all messages', () => heard.length >= said.length)
        expect(heard.map((line) => line.replace(/ by .:/, ':')).sort()).toEqual([...said].sort())
        expect(heard).toEqual(ada.heard)
        expect(gaps).toEqual([])
      }
      // Those of the other server kept their links; those of the one that died are the same sessions as before.
      expect(guests.map(({ connects }) => connects)).toEqual(
        nodes.map((node) => (node === first ? [false, true] : [false])),
      )
      // The one that is back gets new links again.
      await until(
        'links to both',
        async () => {
          const others = [new Guest(context, url, 'Grace'), new Guest(context, url, 'Mary')]
          const nodes = await Promise.all(others.map((other) => other.node()))
          await Promise.all(others.map(({ client }) => client.close()))
          return nodes.sort().join()
        },
        (nodes) => nodes === 'A,B',
      )
      demo.child.kill('SIGINT')
      expect(await demo.ended).toEqual([0, null])
    },
  )

  test.for(fronts)('where the port is taken, the demo with $front says so and ends', async ({ env }, context) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    context.onTestFinished(() => void taken.close())
    const port = String((taken.address() as AddressInfo).port)
    const demo = run(context, { ...env, PORT: port })
    expect(await demo.ended).toEqual([1, null])
    expect(demo.printed()).toContain('EADDRINUSE')
    expect(demo.printed()).not.toContain('is ready')
  })

  test('without a redis-server the demo of two servers says what to install', async (context) => {
    const demo = run(context, { REDIS_SERVER_PATH: '/no/such/redis-server' })
    expect(await demo.ended).toEqual([1, null])
    // As the tests say it.
    const bare = { platform: 'linux', env: {}, isExecutable: () => false, isDebian: false } as const
    const { advice = '' } = planRedis({ ...bare, asRoot: undefined, brew: undefined })
    const ways = advice.split('\n').filter((line) => line.startsWith('  '))
    expect(ways).toHaveLength(3)
    for (const way of ways) expect(demo.printed()).toContain(way)
  })
})
