import { beforeAll, describe, expect, it } from 'vitest'
import { bundle } from '../bundle.mjs'
import type { ContenderName } from '../src/contenders/index.js'
import { Rig } from '../src/rig.js'
import { ROWS } from '../src/rows/index.js'
import { runRow, sizeOf } from '../src/run-row.js'
import { children } from './support/children.js'

let folder: string
beforeAll(async () => {
  folder = await bundle('sources')
})

describe('the bench', () => {
  it.each<ContenderName>(['realtime', 'ws-framed', 'ws', 'socket.io'])('counts what %s delivers', async (name) => {
    const arrived = await Rig.use(folder, name, async (rig) => {
      await rig.open({ links: 8, channels: 4, each: 2 })
      const { result, cpuMicros } = await rig.during(async () => {
        await rig.broadcast({ messages: 40, perTick: 10, channels: 4 })
        return rig.delivered(40 * 4)
      })
      expect(cpuMicros).toBeGreaterThan(0)
      return result
    })
    expect(arrived.deliveries).toBe(160)
    expect(arrived.bytes).toBeGreaterThanOrEqual(160 * 128)
    if (process.platform === 'linux') expect(children(folder)).toEqual([])
  })

  it('takes a delivery too many for an error, not for a number', async () => {
    const run = Rig.use(folder, 'ws', async (rig) => {
      await rig.open({ links: 2, channels: 1, each: 1 })
      return rig.during(async () => {
        await rig.broadcast({ messages: 3, perTick: 1, channels: 1 })
        await new Promise((resolve) => setTimeout(resolve, 200))
        return rig.delivered(5)
      })
    })
    await expect(run).rejects.toThrow('6 deliveries came where 5 were expected')
  })

  it('runs a row to its end', async () => {
    const row = ROWS.find(({ id }) => id === 'calls')
    if (!row) throw new Error('there is no row calls')
    const said: string[] = []
    const result = await runRow(row, { folder, runs: 1, size: sizeOf(0.1, 0.1), say: (text) => void said.push(text) })
    expect(said).toHaveLength(row.contenders.length)
    expect(result.contenders.every(({ median }) => median > 0)).toBe(true)
  })
})
