import { deliveries, type Mutant, one, pairs } from './mutant.js'
import type { Subject } from '../subject.js'

/** The channels of the walks are named by their mode: `v` for values. */
const values = (history: Subject) => deliveries(history).filter(({ event }) => event.channel.startsWith('v'))

const pairsOfOneEpoch = (history: Subject) =>
  pairs(history).filter(
    ({ a, b }) => a.event.channel.startsWith('v') && a.event.position.epoch === b.event.position.epoch,
  )

export const latest: readonly Mutant[] = [
  {
    rule: 12,
    name: 'a value that is older than the one before it',
    of: 'modes',
    mutate: one(pairsOfOneEpoch, (h, { a, b }) =>
      h.events.map((event, i) => (i === a.i ? b.event : i === b.i ? a.event : event)),
    ),
  },
  {
    rule: 12,
    name: 'a value that is told twice',
    of: 'modes',
    mutate: one(values, (h, { i, event }) => h.insert(i, event)),
  },
  {
    rule: 12,
    name: 'an older value of a history that goes on without a loss',
    of: 'modes',
    mutate: one(
      (h) => {
        const firstLoss = h.find('fault', ({ event }) => event.kind !== 'failover.clean')[0]?.i ?? Infinity
        return pairs(h).filter(({ a, b }) => {
          const { position } = a.event
          return a.event.channel.startsWith('v') && b.i < firstLoss && position.epoch !== b.event.position.epoch
        })
      },
      (h, { a, b }) => h.events.map((event, i) => (i === a.i ? b.event : i === b.i ? a.event : event)),
    ),
  },
  {
    rule: 12,
    name: 'a subscriber that is left with an older value',
    of: 'modes',
    mutate: one(
      (h) => values(h).filter(({ i }) => !h.next(i)),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 12,
    name: 'a value that nobody published',
    of: 'modes',
    mutate: one(values, (h, { i, event }) => h.replace(i, { ...event, id: 'nobody' })),
  },
  {
    rule: 12,
    name: 'a value of another channel',
    of: 'modes',
    mutate: one(
      (h) =>
        values(h).flatMap((found) =>
          h
            .find('pub.invoke', ({ i, event }) => i < found.i && event.channel !== found.event.channel)
            .slice(0, 1)
            .map(({ event }) => ({ ...found, id: event.id })),
        ),
      (h, { i, event, id }) => h.replace(i, { ...event, id }),
    ),
  },
  {
    rule: 12,
    name: 'two values at one position',
    of: 'modes',
    mutate: one(pairsOfOneEpoch, (h, { a, b }) => h.replace(b.i, { ...b.event, id: a.event.id })),
  },
  {
    rule: 12,
    name: 'a gap where none can be',
    of: 'modes',
    mutate: one(values, (h, { i, event: { at, subscriber, channel, position } }) => {
      const { offset } = position
      return h.insert(i + 1, {
        type: 'gap',
        at,
        subscriber,
        channel,
        reason: 'slow',
        from: offset,
        to: offset,
        position,
      })
    }),
  },
  {
    rule: 12,
    name: 'a publish of a value that never settles',
    of: 'modes',
    mutate: one(
      (h) => h.find('pub.ok'),
      (h, { i }) => h.without(i),
    ),
  },
]
