import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import type { PresenceChange } from '../../src/index.js'
import { controlContract, presenceStoreContract, sessionStoreContract } from '../../src/testing/index.js'
import { SETUPS } from './support/line.js'
import { keepHistory, replaceHistory } from './support/histories.js'
import { storesOn } from './support/stores.js'

describe.each(SETUPS)('on $name', ({ name, start }) => {
  let servers: readonly RedisServer[] = []
  beforeAll(async () => {
    servers = await start()
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
  })

  const framework = { describe, expect, test }
  // Each of these has a backend of its own; those of presence replace the history of all that is on the servers.
  const atOnce = { describe, expect, test: test.concurrent }

  sessionStoreContract(atOnce, `on ${name}`, () => {
    const ttlMs = 1_500
    const backend = storesOn(servers, { sessionTtlMs: ttlMs })
    return {
      ...backend,
      ttlMs,
      join: async () => {
        const superseded: Array<{ id: string; owner: number }> = []
        const { stores } = await backend.join({ superseded: (id, owner) => void superseded.push({ id, owner }) })
        return { sessions: stores.sessions, superseded }
      },
    }
  })

  controlContract(atOnce, `on ${name}`, () => {
    const backend = storesOn(servers)
    return {
      ...backend,
      join: async () => {
        const heard: Array<{ from: string; text: string }> = []
        const { stores, leave } = await backend.join({ heard: (from, text) => void heard.push({ from, text }) })
        return { control: stores.control, heard, leave }
      },
    }
  })

  presenceStoreContract(framework, `on ${name}`, () => {
    const backend = storesOn(servers)
    return {
      ...backend,
      join: async () => {
        const changes: Array<{ channel: string; change: PresenceChange }> = []
        const { stores } = await backend.join({
          presenceChanged: (channel, change) => void changes.push({ channel, change }),
        })
        return { presence: stores.presence, changes }
      },
      cutReplication: () => keepHistory(servers),
      failOver: (how) => replaceHistory(servers, how),
    }
  })
})
