import { checkHistory, type CheckOptions, type HistoryEvent } from '../../../src/history/index.js'
import type { Subject } from '../subject.js'
import { type Mutant, one } from './mutant.js'

const options: CheckOptions = { presence: { withinMs: 6_000, graceMs: 4_000, graceOutlastsFaults: true } }

/** What a watcher is told in between, and what it does not contradict. */
function told(
  at: number,
  of: { client: string; channel: string },
  user: string,
  ...kinds: ReadonlyArray<'join' | 'leave'>
) {
  const { client, channel } = of
  return kinds.map((kind): HistoryEvent => ({ type: 'presence.told', at, client, channel, kind, user }))
}

/** In a history in which nobody was gone for longer than the grace. */
function where<T>(places: (history: Subject) => readonly T[]): (history: Subject) => readonly T[] {
  return (history) => (checkHistory(history.events, options).violations.length === 0 ? places(history) : [])
}

export const absences: readonly Mutant[] = [
  {
    rule: 10,
    name: 'somebody who is told as gone, and back, and never went',
    of: 'presence',
    options,
    mutate: one(
      where((h) =>
        h
          .find('presence.seen')
          .flatMap(({ i, event }) => Object.keys(event.users).map((user) => ({ i, event, user })))
          .filter(
            ({ i, user }) =>
              !h.events.slice(0, i).some((e) => e.type === 'presence.call' && e.user === user && e.action === 'leave'),
          )
          .filter(
            ({ i, user }) => !h.events.slice(0, i).some((e) => e.type === 'client.end' && e.client.startsWith(user)),
          ),
      ),
      (h, { i, event, user }) => h.events.toSpliced(i + 1, 0, ...told(event.at, event, user, 'leave', 'join')),
    ),
  },
  {
    rule: 10,
    name: 'somebody who left once, and is told as gone twice',
    of: 'presence',
    options,
    mutate: one(
      where((h) =>
        h
          .find('presence.told', ({ event }) => event.kind === 'leave')
          .filter(({ i, event }) => {
            const asked = h.events.slice(0, i).filter((e) => {
              return (
                e.type === 'presence.call' &&
                e.user === event.user &&
                e.channel === event.channel &&
                e.action === 'leave'
              )
            })
            const heard = h.find('presence.told', (e) => {
              const { kind, user, channel, client } = e.event
              return (
                e.i <= i &&
                kind === 'leave' &&
                user === event.user &&
                channel === event.channel &&
                client === event.client
              )
            })
            const ended = h.find('client.end', (e) => e.i < i && e.event.client.startsWith(event.user))
            return asked.length === heard.length && ended.length === 0
          }),
      ),
      (h, { i, event }) => h.events.toSpliced(i + 1, 0, ...told(event.at, event, event.user, 'join', 'leave')),
    ),
  },
]
