import { Subject } from '../subject.js'
import { lasting, type Mutant, one } from './mutant.js'

export const liveness: readonly Mutant[] = [
  {
    rule: 9,
    name: 'a subscriber one message behind the head',
    of: 'everything',
    mutate: one(
      (h) => lasting(h).filter(({ i }) => !h.next(i)),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 9,
    name: 'a subscriber that is left in an epoch that is gone',
    of: 'losing',
    mutate: one(
      (h) => h.find('gap', ({ i, event }) => event.reason === 'epoch' && !h.next(i)),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 9,
    name: 'a publish that never settles',
    of: 'everything',
    mutate: one(
      (h) => h.find('pub.invoke').flatMap(({ event }) => h.publish(event.channel, event.id)),
      (h, { settle }) => h.without(settle.i),
    ),
  },
  {
    rule: 9,
    name: 'a publish that settles twice',
    of: 'everything',
    mutate: one(
      (h) => h.find('pub.invoke').flatMap(({ event }) => h.publish(event.channel, event.id)),
      (h, { settle }) => h.insert(settle.i, settle.event),
    ),
  },
  {
    rule: 9,
    name: 'a publish that settles after the end',
    of: 'everything',
    mutate: one(
      (h) => h.find('pub.invoke').flatMap(({ event }) => h.publish(event.channel, event.id)),
      (h, { settle }) => new Subject(h.insert(h.end + 1, settle.event)).without(settle.i),
    ),
  },
  {
    rule: 9,
    name: 'a record without an end',
    of: 'everything',
    mutate: (h) => h.without(h.end),
  },
]
