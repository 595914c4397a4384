import type { Found, Subject } from '../subject.js'
import { type Mutant, one } from './mutant.js'

const settles = (history: Subject) => history.find('call.settled')
const answers = (history: Subject) => history.find('call.settled', ({ event }) => event.outcome === 'answered')
const invokeOf = (history: Subject, id: string) => history.find('call.invoke', ({ event }) => event.id === id)
const runsOf = (history: Subject, id: string) => history.find('call.ran', ({ event }) => event.id === id)

/** Runs of calls that may not be repeated. */
const single = (history: Subject): Found<'call.ran'>[] =>
  history.find('call.ran', ({ event }) => invokeOf(history, event.id)[0]?.event.idempotent === false)

/** Answers long before the time is over, of callers whose link nobody lost. */
const undisturbed = (history: Subject) =>
  answers(history).filter(({ i, event }) => {
    const [invoke] = invokeOf(history, event.id)
    if (!invoke || event.at - invoke.event.at > 900) return false
    // What is written down a little later may still be the reason.
    const rest = history.events.slice(invoke.i).filter(({ at }) => at <= event.at + 1_000)
    return i > invoke.i && !rest.some(({ type }) => type === 'link.close' || type === 'conn.down')
  })

export const calls: readonly Mutant[] = [
  {
    rule: 14,
    name: 'a call that runs twice, although it may not',
    of: 'calls',
    mutate: one(single, (h, { i, event }) => h.insert(i + 1, event)),
  },
  {
    rule: 14,
    name: 'an answer to a call that did not run',
    of: 'calls',
    mutate: one(answers, (h, { event }) => h.without(...runsOf(h, event.id).map(({ i }) => i))),
  },
  {
    rule: 14,
    name: 'the answer of another call',
    of: 'calls',
    mutate: one(answers, (h, { i, event }) => h.replace(i, { ...event, answer: `${event.id}0` })),
  },
  {
    rule: 14,
    name: 'a call that is pending for ever',
    of: 'calls',
    mutate: one(settles, (h, { i }) => h.without(i)),
  },
  {
    rule: 14,
    name: 'a call that ends twice',
    of: 'calls',
    mutate: one(settles, (h, { i, event }) => h.insert(i + 1, event)),
  },
  {
    rule: 14,
    name: 'a call that ends after the end',
    of: 'calls',
    mutate: one(settles, (h, { i, event }) => [...h.without(i), event]),
  },
  {
    rule: 14,
    name: 'an outcome that is called unknown without a reason',
    of: 'calls',
    mutate: one(undisturbed, (h, { i, event: { at, type, id } }) =>
      h.replace(i, { at, type, id, outcome: 'unknown', code: 'UNKNOWN_OUTCOME' }),
    ),
  },
  {
    rule: 14,
    name: 'a refusal of a call that ran',
    of: 'calls',
    mutate: one(
      (h) => answers(h).filter(({ event }) => invokeOf(h, event.id)[0]?.event.idempotent === false),
      (h, { i, event: { at, type, id } }) => h.replace(i, { at, type, id, outcome: 'failed', code: 'RATE_LIMITED' }),
    ),
  },
  {
    rule: 14,
    name: 'a run of a call that nobody made',
    of: 'calls',
    mutate: one(single, (h, { event }) => h.without(...invokeOf(h, event.id).map(({ i }) => i))),
  },
]
