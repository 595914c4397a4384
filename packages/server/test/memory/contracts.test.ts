import { describe, expect, test } from 'vitest'
import { memory, type MemoryCheckpoint, type NodeHandler, type PresenceChange } from '../../src/index.js'
import { CountingRandom } from '../support/counting-random.js'
import {
  brokerContract,
  controlContract,
  deafNode,
  presenceStoreContract,
  sessionStoreContract,
  VirtualClock,
  type BrokerNode,
  type Delivery,
} from '../../src/testing/index.js'

function setUp() {
  const clock = new VirtualClock()
  const backend = memory({ clock, random: new CountingRandom() })
  return {
    clock,
    backend,
    join(handler: Partial<NodeHandler>) {
      return backend.join({ ...deafNode, ...handler })
    },
    ports: {
      advance: (ms: number) => clock.advance(ms),
      quiet: () => clock.settle(),
      async eventually(condition: () => boolean) {
        await clock.settle()
        if (!condition()) throw new Error('it did not come to pass')
      },
      dispose: () => Promise.resolve(),
    },
  }
}

brokerContract({ describe, expect, test }, 'in memory', () => {
  const { backend, join, ports } = setUp()
  let replica: MemoryCheckpoint | undefined
  return {
    ...ports,
    join: async () => {
      const deliveries: Delivery[] = []
      const heads: BrokerNode['heads'][number][] = []
      let resyncs = 0
      const { broker } = join({
        deliver: (channel, epoch, publications) =>
          void deliveries.push(...publications.map((publication) => ({ channel, epoch, publication }))),
        resync: () => void (resyncs += 1),
        verify: (channel, head) => void heads.push({ channel, head }),
      })
      return { broker, deliveries, resyncs: () => resyncs, heads }
    },
    cutReplication: async () => void (replica = backend.checkpoint()),
    failOver: async ({ lossy }) => backend.failOver(lossy ? replica : undefined),
  }
})

sessionStoreContract({ describe, expect, test }, 'in memory', () => {
  const { join, ports } = setUp()
  return {
    ...ports,
    ttlMs: 120_000,
    join: async () => {
      const superseded: Array<{ id: string; owner: number }> = []
      const { sessions } = join({ superseded: (id, owner) => void superseded.push({ id, owner }) })
      return { sessions, superseded }
    },
  }
})

controlContract({ describe, expect, test }, 'in memory', () => {
  const { join, ports } = setUp()
  return {
    ...ports,
    join: async () => {
      const heard: Array<{ from: string; text: string }> = []
      const { control, close } = join({ heard: (from, text) => void heard.push({ from, text }) })
      return { control, heard, leave: () => close() }
    },
  }
})

presenceStoreContract({ describe, expect, test }, 'in memory', () => {
  const { backend, join, ports } = setUp()
  let replica: MemoryCheckpoint | undefined
  return {
    ...ports,
    join: async () => {
      const changes: Array<{ channel: string; change: PresenceChange }> = []
      const { presence } = join({ presenceChanged: (channel, change) => void changes.push({ channel, change }) })
      return { presence, changes }
    },
    cutReplication: async () => void (replica = backend.checkpoint()),
    failOver: async ({ lossy }) => backend.failOver(lossy ? replica : undefined),
  }
})
