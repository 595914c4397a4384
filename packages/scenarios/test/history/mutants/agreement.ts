import { Subject } from '../subject.js'
import { after, logs, type Mutant, one, pairs, relog } from './mutant.js'

export const agreement: readonly Mutant[] = [
  {
    rule: 7,
    name: 'two messages that changed places for one subscriber',
    of: 'everything',
    mutate: one(
      (h) => pairs(h).filter(({ a, b }) => h.logged(a.event) || h.logged(b.event)),
      (h, { a, b }) => {
        const renamed = new Subject(h.replace(a.i, { ...a.event, id: b.event.id }))
        return renamed.replace(b.i, { ...b.event, id: a.event.id })
      },
    ),
  },
  {
    rule: 7,
    name: 'two deliveries in the wrong order',
    of: 'everything',
    mutate: one(pairs, (h, { a, b }) => new Subject(h.replace(a.i, b.event)).replace(b.i, a.event)),
  },
  {
    rule: 7,
    name: 'an acknowledgement at the place of another message',
    of: 'everything',
    mutate: one(
      (h) => h.find('pub.ok', ({ event }) => h.logged(event)),
      (h, { i, event }) => h.replace(i, { ...event, position: after(event.position, -1) }),
    ),
  },
  {
    rule: 7,
    name: 'an acknowledgement beyond the head',
    of: 'everything',
    mutate: one(
      (h) => h.find('pub.ok', ({ event }) => h.logged(event)),
      (h, { i, event }) => {
        const log = h.log(event.channel)
        return h.replace(i, { ...event, position: log ? after(log.head) : event.position })
      },
    ),
  },
  {
    rule: 7,
    name: 'a log that holds two messages the other way round',
    of: 'everything',
    mutate: one(
      (h) =>
        logs(h).filter(({ event: { channel, entries } }) => {
          return h
            .find('deliver', ({ event }) => event.channel === channel && h.logged(event))
            .some(({ event }) => {
              return entries.slice(0, 2).some(({ id }) => id === event.id)
            })
        }),
      (h, log) => {
        const [a, b, ...rest] = log.event.entries
        if (!a || !b) return [...h.events]
        return relog(h, log, { entries: [{ ...a, id: b.id }, { ...b, id: a.id }, ...rest] })
      },
    ),
  },
]
