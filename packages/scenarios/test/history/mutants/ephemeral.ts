import { deliveries, type Mutant, one } from './mutant.js'
import type { Subject } from '../subject.js'

/** The channels of the walks are named by their mode: `x` for what is not kept. */
const signals = (history: Subject) => deliveries(history).filter(({ event }) => event.channel.startsWith('x'))

export const ephemeral: readonly Mutant[] = [
  {
    rule: 13,
    name: 'a message that comes twice',
    of: 'modes',
    mutate: one(signals, (h, { i, event }) => h.insert(i, event)),
  },
  {
    rule: 13,
    name: 'a message that comes again to a client that was made anew',
    of: 'modes',
    mutate: one(
      (h) =>
        h
          .find('sub.restart', ({ event }) => event.channel.startsWith('x'))
          .flatMap(({ i }) => {
            const before = h.previous(i)
            return before?.event.type === 'deliver' ? [{ i, event: before.event }] : []
          }),
      (h, { i, event }) => h.insert(i + 1, event),
    ),
  },
  {
    rule: 13,
    name: 'a message of another channel',
    of: 'modes',
    mutate: one(
      (h) =>
        signals(h).flatMap((found) =>
          h
            .find('pub.invoke', ({ i, event }) => i < found.i && event.channel !== found.event.channel)
            .slice(0, 1)
            .map(({ event }) => ({ ...found, id: event.id })),
        ),
      (h, { i, event, id }) => h.replace(i, { ...event, id }),
    ),
  },
  {
    rule: 13,
    name: 'a message before it was published',
    of: 'modes',
    mutate: one(signals, (h, { i, event }) => {
      const invoke = h.find('pub.invoke', (found) => found.event.id === event.id)[0]
      return h.events.map((other, k) => (k === invoke?.i ? event : k === i ? (invoke?.event ?? other) : other))
    }),
  },
  {
    rule: 13,
    name: 'a message with a position',
    of: 'modes',
    mutate: one(signals, (h, { i, event }) => h.replace(i, { ...event, position: { epoch: 'e', offset: 1 } })),
  },
  {
    rule: 13,
    name: 'a gap where none can be',
    of: 'modes',
    mutate: one(signals, (h, { i, event: { at, subscriber, channel, position } }) =>
      h.insert(i + 1, { type: 'gap', at, subscriber, channel, reason: 'slow', from: 1, to: 1, position }),
    ),
  },
  {
    rule: 13,
    name: 'a channel that keeps a log',
    of: 'modes',
    mutate: one(
      (h) => h.find('log', ({ event }) => event.channel.startsWith('x')),
      (h, { i, event }) =>
        h.replace(i, { ...event, head: { epoch: 'e', offset: 1 }, entries: [{ offset: 1, id: 'a' }] }),
    ),
  },
]
