import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import { brokerContract } from '../../src/testing/index.js'
import { joinNode, type RedisNode } from './support/broker.js'
import { keepHistory, replaceHistory } from './support/histories.js'
import { SETUPS } from './support/line.js'
import { eventually, sleep } from './support/stores.js'

describe.each(SETUPS)('on $name', ({ name, start }) => {
  let servers: readonly RedisServer[] = []
  beforeAll(async () => {
    servers = await start()
  })
  afterAll(async () => {
    for (const server of servers) await server.stop()
  })

  brokerContract({ describe, expect, test }, `on ${name}`, async () => {
    for (const server of servers) await server.command('FLUSHALL')
    const nodes: RedisNode[] = []
    return {
      join: async () => {
        const node = joinNode(servers)
        nodes.push(node)
        // Connected, as a node is that has joined.
        await Promise.all([node.broker.recover('c', undefined, 1), node.broker.recover('other', undefined, 1)])
        return node
      },
      advance: sleep,
      cutReplication: () => keepHistory(servers),
      failOver: async (how) => {
        await replaceHistory(servers, how)
        // Whoever was connected to the old master is not connected to the new one.
        for (const server of servers)
          for (const type of ['normal', 'pubsub']) await server.command('CLIENT', 'KILL', 'TYPE', type)
      },
      loseNews: async () => nodes.forEach((node) => node.loseNews()),
      eventually: (condition) => eventually(condition),
      // What was published before a round trip of every node has arrived after it, give or take a turn of the loop.
      quiet: async () => {
        await Promise.all(nodes.map(({ broker }) => broker.recover('quiet', undefined, 1)))
        await sleep(20)
      },
      dispose: async () => {
        await Promise.all(nodes.map((node) => node.close()))
      },
    }
  })
})
