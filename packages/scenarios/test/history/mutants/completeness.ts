import { Subject } from '../subject.js'
import { appendToLog, isVague, lasting, type Mutant, one } from './mutant.js'

export const completeness: readonly Mutant[] = [
  {
    rule: 5,
    name: 'a dropped delivery in the middle',
    of: 'everything',
    mutate: one(
      (h) => lasting(h).filter(({ i }) => h.next(i) && !h.later(i).some(isVague)),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 5,
    name: 'a subscriber that falls silent',
    of: 'everything',
    mutate: one(lasting, (h, { i }) => h.without(i, ...h.later(i).map((later) => later.i))),
  },
  {
    rule: 5,
    name: 'a start that is ahead of what was published after it',
    of: 'quiet',
    mutate: one(
      (h) =>
        lasting(h).flatMap(({ i, event }) => {
          const start = h.previous(i)
          const invoked = h.publish(event.channel, event.id)[0]?.invoke.i ?? -1
          return start?.event.type === 'sub.ok' && invoked > start.i
            ? [{ i, event, start: start.event, at: start.i }]
            : []
        }),
      (h, { i, event, start, at }) => {
        return new Subject(h.replace(at, { ...start, position: event.position })).without(i)
      },
    ),
  },
  {
    rule: 5,
    name: 'a start from the start that skips what is kept',
    of: 'quiet',
    mutate: one(
      (h) =>
        lasting(h).flatMap(({ i, event }) => {
          const start = h.previous(i)
          if (start?.event.type !== 'sub.ok' || start.event.requested !== 'start') return []
          return [{ i, event, start: start.event, at: start.i }]
        }),
      (h, { i, event, start, at }) => {
        return new Subject(h.replace(at, { ...start, position: event.position })).without(i)
      },
    ),
  },
  {
    rule: 5,
    name: 'a stored message that nobody was given',
    of: 'quiet',
    mutate: one(
      (h) =>
        h.find('pub.invoke', ({ event }) => {
          const subscribed = h.find('sub.ok').some(({ i, event: sub }) => {
            return sub.channel === event.channel && !h.later(i).some((later) => later.event.type === 'sub.end')
          })
          return subscribed && !h.inLog(event.channel, event.id)
        }),
      (h, { event }) => appendToLog(h, event.channel, event.id),
    ),
  },
  {
    rule: 5,
    name: 'a requested position that is answered with a later one in silence',
    of: 'quiet',
    mutate: one(
      (h) =>
        lasting(h).flatMap(({ i, event }) => {
          const start = h.previous(i)
          if (start?.event.type !== 'sub.ok' || typeof start.event.requested !== 'object') return []
          return 'epoch' in start.event.requested ? [{ i, event, start: start.event, at: start.i }] : []
        }),
      (h, { i, event, start, at }) => {
        return new Subject(h.replace(at, { ...start, position: event.position })).without(i)
      },
    ),
  },
]
