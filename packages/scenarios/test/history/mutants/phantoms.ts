import { deliveries, logs, type Mutant, one, relog } from './mutant.js'

export const phantoms: readonly Mutant[] = [
  {
    rule: 1,
    name: 'a delivery of what nobody published',
    of: 'everything',
    mutate: one(deliveries, (h, { i, event }) => h.replace(i, { ...event, id: 'ghost' })),
  },
  {
    rule: 1,
    name: 'a delivered publish without a call',
    of: 'everything',
    mutate: one(
      (h) => deliveries(h).flatMap(({ event }) => h.publish(event.channel, event.id)),
      (h, { invoke }) => h.without(invoke.i),
    ),
  },
  {
    rule: 1,
    name: 'a delivery before the call',
    of: 'quiet',
    mutate: one(
      (h) => deliveries(h).flatMap(({ i, event }) => h.publish(event.channel, event.id).map((p) => ({ i, ...p }))),
      (h, { i, invoke, settle }) => {
        const [from, to] = [Math.min(invoke.i, settle.i), Math.max(i, settle.i)]
        const middle = h.events.slice(from, to + 1).filter((event) => event !== invoke.event && event !== settle.event)
        return [...h.events.slice(0, from), ...middle, invoke.event, settle.event, ...h.events.slice(to + 1)]
      },
    ),
  },
  {
    rule: 1,
    name: 'a message delivered on another channel than its own',
    of: 'everything',
    mutate: one(deliveries, (h, { event: { id, channel } }) =>
      h.events.map((event) => {
        const own = 'publisher' in event && 'id' in event && event.id === id && event.channel === channel
        return own ? { ...event, channel: 'elsewhere' } : event
      }),
    ),
  },
  {
    rule: 1,
    name: 'a stored message that nobody published',
    of: 'everything',
    mutate: one(logs, (h, log) => {
      const entries = log.event.entries.map((entry, i) => (i === 1 ? { ...entry, id: 'ghost' } : entry))
      return relog(h, log, { entries })
    }),
  },
]
