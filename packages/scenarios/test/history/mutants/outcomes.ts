import { appendToLog, deliveries, logs, type Mutant, one, pairs } from './mutant.js'

export const outcomes: readonly Mutant[] = [
  {
    rule: 2,
    name: 'a delivered publish that had failed',
    of: 'everything',
    mutate: one(
      (h) => deliveries(h).flatMap(({ event }) => h.publish(event.channel, event.id)),
      (h, { settle: { i, event } }) => {
        const { at, publisher, channel, id } = event
        return h.replace(i, { type: 'pub.fail', at, publisher, channel, id, code: 'FORBIDDEN' })
      },
    ),
  },
  {
    rule: 2,
    name: 'a failed publish in the log',
    of: 'quiet',
    mutate: one(
      (h) => h.find('pub.fail', ({ event }) => h.log(event.channel)?.entries.length),
      (h, { event }) => appendToLog(h, event.channel, event.id),
    ),
  },
  {
    rule: 2,
    name: 'a message stored twice',
    of: 'everything',
    mutate: one(
      (h) => logs(h).flatMap(({ event }) => event.entries.map(({ id }) => ({ id, channel: event.channel }))),
      (h, { id, channel }) => appendToLog(h, channel, id),
    ),
  },
  {
    rule: 2,
    name: 'an unknown publish stored twice',
    of: 'quiet',
    mutate: one(
      (h) => h.find('pub.unknown', ({ event }) => h.inLog(event.channel, event.id)),
      (h, { event }) => appendToLog(h, event.channel, event.id),
    ),
  },
  {
    rule: 2,
    name: 'a message delivered at two places, the first of them trimmed',
    of: 'quiet',
    mutate: one(
      (h) => pairs(h),
      (h, { a, b }) => {
        const renamed = h.replace(b.i, { ...b.event, id: a.event.id })
        return renamed.map((event) => {
          if (event.type !== 'log' || event.channel !== a.event.channel) return event
          return { ...event, entries: event.entries.filter(({ offset }) => offset > b.event.position.offset) }
        })
      },
    ),
  },
]
