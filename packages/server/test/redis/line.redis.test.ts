import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import { functionLibrary } from '../../src/redis/functions.js'
import { lineTo, SETUPS } from './support/line.js'

const library = functionLibrary(
  'test',
  `register('count', function(keys, args)
     local n = redis.call('INCRBY', keys[1], args[1])
     redis.call(args[2], keys[2], 'now ' .. n)
     return n
   end)`,
)

describe.each(SETUPS)('the line to $name', ({ start }) => {
  let servers: readonly RedisServer[] = []
  beforeAll(async () => {
    servers = await start()
  })
  afterAll(async () => {
    for (const server of servers) await server.stop()
  })

  it('runs functions where the keys are, and hears what they publish', async () => {
    const line = lineTo(servers, [library])
    const heard = new Map<string, string[]>()
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    for (const name of names) {
      heard.set(name, [])
      await line.listen(line.key('b', name), (text) => heard.get(name)?.push(text))
    }
    for (const name of names) {
      const keys = [line.key('x', name), line.key('b', name)]
      await expect(line.call('test.count', keys, [2, line.publishCommand])).resolves.toBe(2)
      await expect(line.call('test.count', keys, [3, line.publishCommand])).resolves.toBe(5)
    }
    await expect.poll(() => [...heard.values()].every((texts) => texts.length === 2)).toBe(true)
    for (const texts of heard.values()) expect(texts).toEqual(['now 2', 'now 5'])
    await line.close()
  })
})
