import type { HistoryEvent } from '../../../src/history/index.js'
import { Subject } from '../subject.js'
import { after, deliveries, logs, type Mutant, one, pairs, relog } from './mutant.js'

export const order: readonly Mutant[] = [
  {
    rule: 3,
    name: 'a dropped delivery',
    of: 'everything',
    mutate: one(pairs, (h, { a }) => h.without(a.i)),
  },
  {
    rule: 3,
    name: 'a doubled delivery',
    of: 'everything',
    mutate: one(deliveries, (h, { i, event }) => h.insert(i, event)),
  },
  {
    rule: 3,
    name: 'two deliveries in the wrong order',
    of: 'everything',
    mutate: one(pairs, (h, { a, b }) => new Subject(h.replace(a.i, b.event)).replace(b.i, a.event)),
  },
  {
    rule: 3,
    name: 'a delivery in another epoch',
    of: 'everything',
    mutate: one(
      (h) => pairs(h),
      (h, { b: { i, event } }) => {
        return h.replace(i, { ...event, position: { ...event.position, epoch: 'other' } })
      },
    ),
  },
  {
    rule: 3,
    name: 'a first delivery that is not the one after the start',
    of: 'everything',
    mutate: one(
      (h) => pairs(h).filter(({ a }) => h.previous(a.i)?.event.type === 'sub.ok'),
      (h, { a }) => h.without(a.i),
    ),
  },
  {
    rule: 3,
    name: 'a rebase that was not told',
    of: 'everything',
    mutate: one(
      (h) => h.find('rebase', ({ i }) => h.next(i)?.event.type === 'deliver'),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 3,
    name: 'a rebase that ends before the last message',
    of: 'everything',
    mutate: one(
      (h) =>
        h.find('rebase').flatMap((rebase) => {
          const previous = h.previous(rebase.i)?.event
          return previous?.type === 'deliver' ? [{ rebase, last: previous.position.offset }] : []
        }),
      (h, { rebase: { i, event }, last }) => h.replace(i, { ...event, end: last - 1 }),
    ),
  },
  {
    rule: 3,
    name: 'a rebase from another epoch',
    of: 'everything',
    mutate: one(
      (h) => h.find('rebase'),
      (h, { i, event }) => h.replace(i, { ...event, from: 'other' }),
    ),
  },
  {
    rule: 3,
    name: 'a gap that was not told',
    of: 'everything',
    mutate: one(
      (h) => h.find('gap', ({ i }) => h.next(i)?.event.type === 'deliver'),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 3,
    name: 'a gap that does not begin where the subscriber stood',
    of: 'everything',
    mutate: one(
      (h) => h.find('gap', ({ event }) => event.reason !== 'rollback'),
      (h, { i, event }) => h.replace(i, { ...event, from: event.from + 1 }),
    ),
  },
  {
    rule: 3,
    name: 'a gap that does not end where the subscriber goes on',
    of: 'everything',
    mutate: one(
      (h) => h.find('gap', ({ event }) => event.reason !== 'rollback'),
      (h, { i, event }) => h.replace(i, { ...event, position: after(event.position, 2) }),
    ),
  },
  {
    rule: 3,
    name: 'a rollback that names too little',
    of: 'losing',
    mutate: one(
      (h) => h.find('gap', ({ event }) => event.reason === 'rollback' && event.from < event.to),
      (h, { i, event }) => h.replace(i, { ...event, from: event.from + 1 }),
    ),
  },
  {
    rule: 3,
    name: 'a delivery after the end of the subscription',
    of: 'everything',
    mutate: one(
      (h) => h.find('sub.end', ({ i }) => h.previous(i)?.event.type === 'deliver'),
      (h, { i }) => h.insert(i + 1, h.previous(i)?.event as HistoryEvent),
    ),
  },
  {
    rule: 3,
    name: 'a restart from a position ahead',
    of: 'everything',
    mutate: one(
      (h) => h.find('sub.restart'),
      (h, { i, event }) => h.replace(i, { ...event, from: after(event.from, 1000) }),
    ),
  },
  {
    rule: 3,
    name: 'a subscription that begins anew in silence',
    of: 'everything',
    mutate: one(
      (h) => h.find('sub.end', ({ i }) => h.next(i)?.event.type === 'sub.ok'),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 3,
    name: 'a log with a hole',
    of: 'everything',
    mutate: one(
      (h) => logs(h).filter(({ event }) => event.entries.length > 2),
      (h, log) => relog(h, log, { entries: log.event.entries.filter((_, i) => i !== 1) }),
    ),
  },
]
