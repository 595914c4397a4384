import type { Found, Of, Subject } from '../subject.js'
import { isVague, logs, type Mutant, one, relog } from './mutant.js'

/** Rollback gaps right after a delivery that they take back and that was not stored again. */
function takenBack(history: Subject): { readonly gap: Found<'gap'>; readonly lost: Of<'deliver'> }[] {
  return history
    .find('gap', ({ event }) => event.reason === 'rollback')
    .flatMap((gap) => {
      const lost = history.previous(gap.i)?.event
      if (lost?.type !== 'deliver' || history.inLog(lost.channel, lost.id)) return []
      return [{ gap, lost }]
    })
}

export const losses: readonly Mutant[] = [
  {
    rule: 6,
    name: 'a publisher that is not told',
    of: 'everything',
    mutate: one(
      (h) => h.find('rollback'),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 6,
    name: 'a publisher that is told half of it',
    of: 'everything',
    mutate: one(
      (h) => h.find('rollback', ({ event }) => event.ids.length > 1),
      (h, { i, event }) => h.replace(i, { ...event, ids: event.ids.slice(1) }),
    ),
  },
  {
    rule: 6,
    name: 'a subscriber that is not told and falls silent',
    of: 'everything',
    mutate: one(
      (h) => takenBack(h).filter(({ gap }) => !h.later(gap.i).some(({ event }) => event.type === 'sub.end')),
      (h, { gap }) => h.without(gap.i, ...h.later(gap.i).map(({ i }) => i)),
    ),
  },
  {
    rule: 6,
    name: 'a subscriber that is rebased over a loss',
    of: 'losing',
    mutate: one(
      (h) =>
        takenBack(h).filter(({ gap }) => {
          const next = h.next(gap.i)?.event
          const isOpen = !h.later(gap.i).some(({ event }) => event.type === 'sub.end')
          const toldLater = h.later(gap.i).some((later) => {
            const { event } = later
            const again = event.type === 'gap' && event.reason === 'rollback' && event.from <= gap.event.to
            return again || isVague(later) || event.type === 'sub.restart'
          })
          return (isOpen || (next?.type === 'deliver' && h.logged(next))) && !toldLater
        }),
      (h, { gap: { i, event }, lost }) => {
        const { at, subscriber, channel, to, position } = event
        const { epoch } = lost.position
        return h.replace(i, { type: 'rebase', at, subscriber, channel, from: epoch, end: to, to: position.epoch })
      },
    ),
  },
  {
    rule: 6,
    name: 'a loss that no fault explains',
    of: 'everything',
    options: { lossyFaults: [], mayTrim: true },
    mutate: (h) => (h.find('rollback').length ? [...h.events] : undefined),
  },
  {
    rule: 6,
    name: 'an acknowledged message that is missing inside the log',
    of: 'everything',
    mutate: one(
      (h) =>
        logs(h).flatMap((log) => {
          const acked = log.event.entries.slice(1).filter(({ id }) => {
            return h.publish(log.event.channel, id).some(({ settle }) => settle.event.type === 'pub.ok')
          })
          return acked.map(({ id }) => ({ log, id }))
        }),
      (h, { log, id }) => relog(h, log, { entries: log.event.entries.filter((entry) => entry.id !== id) }),
    ),
  },
]
