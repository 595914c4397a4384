import type { Found, Subject } from '../subject.js'
import { type Mutant, one } from './mutant.js'

/** Begins of links whose client has had one before. */
const returns = (h: Subject) =>
  h.find(
    'conn.up',
    ({ i, event }) => h.find('conn.up', (other) => other.i < i && other.event.client === event.client)[0],
  )

/** The last begin of a link of each client that does not end. */
const remaining = (h: Subject) =>
  h.find('conn.up', ({ i, event }) => !h.events.slice(i + 1).some((later) => isOf(later, event.client)))

/** Links that stay for more than a second, to the end of the record. */
const staying = (h: Subject) =>
  h.find('link.open', ({ i, event }) => {
    const closes = h.events.slice(i).some((later) => later.type === 'link.close' && later.link === event.link)
    return !closes && (h.events[h.end]?.at ?? 0) > event.at + 1_000
  })

const isOf = (event: Subject['events'][number], client: string): boolean =>
  'client' in event && event.client === client && /^(conn|client)\./.test(event.type)

const down = ({ event: { at, client, link } }: Found<'conn.up'>, code: number) =>
  ({ at, type: 'conn.down', client, link, code }) as const

export const endings: readonly Mutant[] = [
  {
    rule: 15,
    name: 'a client that comes back after it was sent away for good',
    of: 'everything',
    mutate: one(returns, (h, up) => h.insert(up.i, down(up, 4506))),
  },
  {
    rule: 15,
    name: 'a client that comes back after it said that it is over',
    of: 'everything',
    mutate: one(returns, (h, { i, event: { at, client } }) => h.insert(i, { at, type: 'client.over', client })),
  },
  {
    rule: 15,
    name: 'a client that keeps to itself that it was sent away for good',
    of: 'everything',
    mutate: one(remaining, (h, up) => h.insert(up.i + 1, down(up, 4506))),
  },
  {
    rule: 15,
    name: 'a session that is resumed after it was over',
    of: 'everything',
    options: { mayTrim: true },
    mutate: one(returns, (h, { i, event: { at, session } }) => h.insert(i, { at, type: 'session.over', session })),
  },
  {
    rule: 15,
    name: 'a link that stays when its session is over',
    of: 'everything',
    mutate: one(staying, (h, { i, event: { at, session } }) => h.insert(i + 1, { at, type: 'session.over', session })),
  },
  {
    rule: 15,
    name: 'a link that ends for its token in good weather',
    of: 'everything',
    mutate: one(remaining, (h, up) => {
      const end = h.events[h.end]
      const at = end?.at ?? 0
      const late = { ...up.event, at, link: 'late' }
      return h.insert(h.end, { at, type: 'heal' }, late, { ...down(up, 4500), at, link: 'late' })
    }),
  },
]
