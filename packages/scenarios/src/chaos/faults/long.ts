import { setTimeout as sleep } from 'node:timers/promises'
import { RealtimeClient } from '@org/realtime-client'
import { FaultProxy } from '../../fault-proxy/index.js'
import { Attendee } from '../attendee.js'
import { OpenRequests } from '../open-requests.js'
import type { Fault } from './fault.js'

/** Longer than a lease may outlive its node, and the round of those who look for it. */
const DOWN_MS = 45_000
const VISITORS = 3

/** Faults that take too long to be played among the others: only when they are asked for, with the default limits. */
export const LONG_FAULTS: Readonly<Record<string, Fault>> = {
  'node.kill-lease': {
    isLossy: false,
    needs: 'redis',
    says: 'a server gets SIGKILL and stays away until its lease is over; some of its clients never come back',
    async harm({ fleet, clients }, chance, { hall }, record) {
      const victim = fleet.pick(chance)
      const way = await FaultProxy.listen(victim.process.port)
      const visitors = Array.from({ length: VISITORS }, (_, i) => {
        const name = `visitor${i + 1}`
        const client = new RealtimeClient(`ws://127.0.0.1:${way.port}/realtime`, { data: name })
        return { name, client, attendee: new Attendee(client, name, hall, record, new OpenRequests(record)) }
      })
      try {
        await Promise.all(visitors.map(({ attendee }) => attendee.begin()))
        const known = () =>
          visitors.filter(({ name }) => clients.some(({ attendee }) => name in (attendee?.list ?? {})))
        while (known().length < VISITORS) await sleep(50)
        const back = fleet.kill(victim, DOWN_MS)
        const killed = performance.now()
        // The way leads nowhere any more, so that they cannot even say goodbye.
        for (const { name, client } of visitors) {
          record.add({ type: 'client.end', client: name })
          await client.close()
        }
        const gone: number[] = []
        for (let left = VISITORS; left > 0 && performance.now() - killed < DOWN_MS; await sleep(50)) {
          for (; left > known().length; left--) gone.push(Math.round(performance.now() - killed))
        }
        await back
        if (gone.length < VISITORS) throw new Error(`${VISITORS - gone.length} of ${VISITORS} are still shown`)
        record.add({ type: 'fault', kind: 'node.kill-lease', detail: { 'told as gone after, ms': gone } })
      } finally {
        await Promise.all(visitors.map(({ client }) => client.close()))
        await way.close()
      }
    },
  },
  'redis.away': {
    isLossy: false,
    needs: 'redis',
    isNewHistory: true,
    says: 'Redis gets SIGKILL and comes back from its append-only file after 20 s',
    harm: ({ redis }) => redis.crash(20_000),
  },
}
