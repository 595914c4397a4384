import { afterEach, expect, it } from 'vitest'
import { startRedis, startReplica, startSentinel } from '../../../../scripts/lib/redis-servers.mjs'
import { lineTo } from './support/line.js'
import { countLibrary, QUICK, watched } from './support/watched.js'

const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A line to a master that a real Sentinel watches, with a replica to take over; it has counted to 1. */
async function stage() {
  const master = await startRedis()
  ends.push(() => master.stop())
  const replica = await startReplica(master)
  ends.push(() => replica.stop())
  const sentinel = await startSentinel(master, { replicas: 1 })
  ends.push(() => sentinel.stop())
  // It takes seconds until a Sentinel has another master, and a call has to wait for it.
  const options = { ...QUICK, deadlineMs: 15_000 }
  const nodes = [`${sentinel.host}:${sentinel.port}`]
  const line = lineTo([], [countLibrary], { ...options, sentinel: { name: 'main', nodes } })
  ends.push(() => line.close())
  const heard: string[] = []
  const [key, topic] = [line.key('x', 'a'), line.key('b', 'a')]
  await line.listen(topic, (text) => heard.push(text))
  const told = watched(line)
  const count = () => line.call('test.count', [key, topic], [1, line.publishCommand])
  await expect(count()).resolves.toBe(1)
  await expect.poll(() => heard).toEqual(['now 1'])
  await expect.poll(() => replica.command('GET', key)).toBe('1')
  return { master, replica, sentinel, count, key, heard, told }
}

it('a master that its Sentinel replaces is left for the new one, and topics are heard there', async () => {
  const { master, replica, sentinel, count, key, heard, told } = await stage()
  await sentinel.command('SENTINEL', 'FAILOVER', 'main')
  await expect.poll(() => replica.command('ROLE')).toContain('master')
  await expect.poll(() => master.command('ROLE')).toContain('slave')
  await expect(count()).resolves.toBe(2)
  await expect.poll(() => told).toContain('resync')
  await expect(count()).resolves.toBe(3)
  await expect.poll(() => heard.at(-1)).toBe('now 3')
  await expect(replica.command('GET', key)).resolves.toBe('3')
})

it('a call that comes when the master has just died is done by the one that its Sentinel makes, once', async () => {
  const { master, replica, count, key, heard, told } = await stage()
  await master.kill()
  await expect(count()).resolves.toBe(2)
  await expect(replica.command('GET', key)).resolves.toBe('2')
  await expect.poll(() => told).toContain('resync')
  await expect(count()).resolves.toBe(3)
  await expect.poll(() => heard.at(-1)).toBe('now 3')
})
