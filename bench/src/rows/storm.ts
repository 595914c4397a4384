import type { ClusterRow } from '../row.js'

/** On each of two servers. */
const LINKS = 5_000
const CHANNELS = 50
const MISSED = 20

/**
 * A server dies, and all of its clients come to the other one, which did not serve their channels until then: whatever
 * they missed has to be read from Redis.
 */
export const storm: ClusterRow = {
  id: 'storm',
  title:
    `${LINKS.toLocaleString('en')} clients of a server that is killed come to the other one, ` +
    `${MISSED} messages missed in each of ${CHANNELS} channels`,
  unit: 'ms until all have caught up',
  nodes: 2,
  contenders: ['realtime'],
  targets: [
    { atMost: 1, of: 'readings of a log per channel' },
    { atMost: 1, of: 'session claims per client' },
  ],
  async measure(cluster, { links }) {
    const [dying, staying] = [cluster.node(0), cluster.node(1)]
    const count = links(LINKS / CHANNELS) * CHANNELS
    const publish = (each: number) =>
      staying.broadcast({ messages: CHANNELS * each, perTick: CHANNELS, channels: CHANNELS })
    await publish(1)
    await dying.openToReturn({ links: count, channels: CHANNELS, each: 1 })
    await staying.open({ links: count, channels: CHANNELS, firstChannel: CHANNELS, each: 1 })
    const { nodes, redis, wallMs, result } = await cluster.during(async () => {
      const begun = performance.now()
      await Promise.all([dying.kill(), publish(MISSED)])
      const lostMs = performance.now() - begun
      await dying.comeBack(staying)
      await dying.delivered(count * MISSED)
      return lostMs
    })
    const used = nodes[1]
    if (!used) throw new Error('the server that stays is gone')
    const { heads = NaN, recover = NaN, history = NaN, claims = NaN } = used.counts
    return {
      value: wallMs,
      details: {
        'ms of it until the links were lost': result,
        'readings of a log per channel': (recover + history) / CHANNELS,
        'readings of its end per channel': heads / CHANNELS,
        'session claims per client': claims / count,
        'calls of Redis per client': redis.calls / count,
        'µs of server CPU per client': used.cpuMicros / count,
        'µs of Redis CPU per client': redis.cpuMicros / count,
      },
    }
  },
}
