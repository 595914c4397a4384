import { beforeAll, describe, expect, it } from 'vitest'
import { bundle } from '../bundle.mjs'
import { Cluster } from '../src/cluster.js'
import type { ContenderName } from '../src/contenders/index.js'
import { ROWS } from '../src/rows/index.js'
import { runRow, sizeOf } from '../src/run-row.js'
import { children } from './support/children.js'

let folder: string
beforeAll(async () => {
  folder = await bundle('sources')
})

describe('the bench on Redis', () => {
  it.each<ContenderName>(['realtime', 'socket.io-redis', 'socket.io-streams'])(
    'counts what another server of %s delivers, and how long it took',
    async (name) => {
      const { nodes, redis, result } = await Cluster.use(folder, name, 2, async (cluster) => {
        const [publisher, receiver] = [cluster.node(0), cluster.node(1)]
        await receiver.open({ links: 6, channels: 1, each: 1 })
        await receiver.time(1)
        return cluster.during(async () => {
          await publisher.pace({ messages: 30, perSecond: 200, isTimed: true })
          return { ...(await receiver.delivered(180)), ...(await receiver.delays()) }
        })
      })
      expect(result.deliveries).toBe(180)
      expect(result.bytes).toBeGreaterThanOrEqual(180 * 128)
      expect(result.p50).toBeGreaterThan(0)
      expect(result.p99).toBeGreaterThanOrEqual(result.p50)
      expect(result.max).toBeLessThan(10_000)
      expect(redis.cpuMicros).toBeGreaterThan(0)
      expect(nodes.map((used) => (used?.cpuMicros ?? 0) > 0)).toEqual([true, true])
      if (process.platform === 'linux') expect(children(folder)).toEqual([])
    },
  )

  it.each(ROWS.filter(({ nodes }) => nodes !== undefined).map((row) => [row.id, row] as const))(
    'runs %s to its end',
    async (_, row) => {
      const said: string[] = []
      const size = sizeOf(0.2, 0.02)
      const result = await runRow(row, { folder, runs: 1, size, say: (text) => void said.push(text) })
      expect(said).toHaveLength(row.contenders.length)
      expect(result.nodes).toBe(row.nodes)
      expect(result.verdicts).toHaveLength(row.targets.length)
      for (const { median, details } of result.contenders) {
        expect(median).toBeGreaterThan(0)
        for (const detail of Object.values(details)) expect(detail).toBeGreaterThanOrEqual(0)
      }
    },
  )

  it('counts every client that a killed server leaves behind', async () => {
    const claims = await Cluster.use(folder, 'realtime', 2, async (cluster) => {
      const [dying, staying] = [cluster.node(0), cluster.node(1)]
      await dying.openToReturn({ links: 4, channels: 2, each: 1 })
      const { nodes } = await cluster.during(async () => {
        await dying.kill()
        await staying.broadcast({ messages: 6, perTick: 2, channels: 2 })
        await dying.comeBack(staying)
        await dying.delivered(4 * 3)
      })
      expect(nodes[0]).toBeUndefined()
      return nodes[1]?.counts['claims']
    })
    expect(claims).toBe(4)
  })
})
