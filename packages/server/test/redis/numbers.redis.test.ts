import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../../../scripts/lib/redis-servers.mjs'
import type { Distribution, Metric, Metrics } from '../../src/ports/index.js'
import { lineTo } from './support/line.js'
import { countLibrary, QUICK } from './support/watched.js'

/** Metrics that a test can read. */
class Read implements Metrics {
  readonly values: number[] = []
  private readonly metrics = new Map<string, Metric>()

  register(metric: Metric): void {
    this.metrics.set(metric.name, metric)
  }

  distribution(_info: Distribution): (value: number) => void {
    return (value) => void this.values.push(value)
  }

  of(name: string): unknown {
    const value = this.metrics.get(`realtime_redis_${name}`)?.read()
    return value instanceof Map ? Object.fromEntries(value) : value
  }
}

it('[E9] connections, commands, tries and losses are counted', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const metrics = new Read()
  const line = lineTo([redis], [countLibrary], { ...QUICK, metrics })
  onTestFinished(() => line.close())
  const count = (): Promise<unknown> => line.call('test.count', [line.key('x', 'a')], [1])
  expect(metrics.of('connections')).toEqual({ commands: 0, topics: 0 })
  const first = count()
  expect(metrics.of('in_flight')).toBe(1)
  await first
  await line.listen(line.key('b', 'a'), () => undefined)
  expect(metrics.of('connections')).toEqual({ commands: 1, topics: 1 })
  expect(metrics.of('topics')).toBe(1)
  expect(metrics.of('in_flight')).toBe(0)
  expect(metrics.of('commands_total')).toBe(1)
  expect(metrics.values).toHaveLength(1)
  await redis.command('FUNCTION', 'FLUSH')
  await count()
  expect(metrics.of('errors_total')).toEqual({ unloaded: 1 })
  await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await expect.poll(() => metrics.of('losses_total')).toEqual({ topics: 1 })
  await expect.poll(() => metrics.of('resyncs_total')).toBe(1)
  await line.close()
  expect(metrics.of('connections')).toEqual({ commands: 0, topics: 0 })
})
