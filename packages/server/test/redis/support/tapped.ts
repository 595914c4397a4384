import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { startRedis, type RedisServer } from '../../../../../scripts/lib/redis-servers.mjs'
import { joinNode, type RedisNode } from './broker.js'
import { Tap } from './tap.js'
import { QUICK } from './watched.js'

/** Who a test of lost answers has; other ones for each test. */
export interface Tapped {
  server: RedisServer
  tap: Tap
  /** Its way to Redis is the tap. */
  node: RedisNode
  /** Sees what is in Redis, and hears channel c. */
  witness: RedisNode
}

/** Gives each test of a file a node whose way to Redis can be watched and cut, and a witness. */
export function tapped(settings: Readonly<Record<string, string>> = {}): Tapped {
  const stage = {} as Tapped
  beforeAll(async () => {
    stage.server = await startRedis({ settings })
  })
  afterAll(() => stage.server.stop())
  beforeEach(async () => {
    await stage.server.command('FLUSHALL')
    stage.tap = await Tap.to(stage.server.port)
    stage.node = joinNode([stage.tap], { redis: QUICK })
    stage.witness = joinNode([stage.server])
    await stage.witness.broker.subscribe('c')
    await stage.node.broker.recover('c', undefined, 1)
  })
  afterEach(async () => {
    await stage.node.close()
    await stage.witness.close()
    await stage.tap.close()
  })
  return stage
}
