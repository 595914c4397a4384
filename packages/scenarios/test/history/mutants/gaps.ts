import { Subject } from '../subject.js'
import { after, deliveries, type Mutant, one } from './mutant.js'

export const gaps: readonly Mutant[] = [
  ...(['trimmed', 'slow'] as const).map(
    (reason): Mutant => ({
      rule: 8,
      name: `a gap ${reason} over a message that is in the log`,
      of: 'losing',
      mutate: one(
        (h) => h.find('deliver', ({ event }) => h.logged(event)),
        (h, { i, event: { at, subscriber, channel, position } }) => {
          const { offset } = position
          return h.replace(i, { type: 'gap', at, subscriber, channel, reason, from: offset, to: offset, position })
        },
      ),
    }),
  ),
  ...(['epoch', 'unknown'] as const).map(
    (reason): Mutant => ({
      rule: 8,
      name: `a gap ${reason} where the lineage continues`,
      of: 'everything',
      mutate: one(
        (h) => h.find('rebase', ({ event, i }) => isKeptBefore(h, i, event.from)),
        (h, { i, event: { at, subscriber, channel, to } }) => {
          const offset = lastOffset(h, i) ?? 0
          const position = { epoch: to, offset }
          return h.replace(i, { type: 'gap', at, subscriber, channel, reason, from: offset, to: offset, position })
        },
      ),
    }),
  ),
  {
    rule: 8,
    name: 'a gap that tells a loss before any fault',
    of: 'losing',
    mutate: (h) => {
      const faults = h.find('fault').map(({ i }) => i)
      if (!h.find('gap').length) return undefined
      return new Subject(h.insert(h.end, ...faults.flatMap((i) => h.events[i] ?? []))).without(...faults)
    },
  },
  {
    rule: 8,
    name: 'a gap rollback without any fault',
    of: 'quiet',
    mutate: one(deliveries, (h, { i, event: { at, subscriber, channel, position } }) => {
      const { offset } = position
      const back = after(position, -1)
      return h.insert(i + 1, {
        type: 'gap',
        at,
        subscriber,
        channel,
        reason: 'rollback',
        from: offset,
        to: offset,
        position: back,
      })
    }),
  },
  {
    rule: 8,
    name: 'a rollback that names one too many',
    of: 'everything',
    mutate: one(
      (h) =>
        h.find('gap', ({ i, event }) => {
          const before = h.previous(i)?.event
          if (event.reason !== 'rollback' || before?.type !== 'deliver' || event.from < 2) return false
          return h.kept(event.channel, before.position.epoch, event.from - 1)
        }),
      (h, { i, event }) => h.replace(i, { ...event, from: event.from - 1, position: after(event.position, -1) }),
    ),
  },
  {
    rule: 8,
    name: 'a rollback into a history that never was',
    of: 'everything',
    mutate: one(
      (h) => h.find('gap', ({ event }) => event.reason === 'rollback'),
      (h, { i, event }) => h.replace(i, { ...event, position: { ...event.position, epoch: 'never' } }),
    ),
  },
  {
    rule: 8,
    name: 'a rollback into a history that was undone, of what came after it and was kept',
    of: 'losing',
    mutate: one(
      (h) =>
        h.find('undone').flatMap(({ i: u, event: { channel, head } }) => {
          const kept = h.find('deliver', ({ i, event }) => {
            const { epoch, offset } = event.position
            const isLater = i > u && event.channel === channel && epoch !== head.epoch && h.logged(event)
            return isLater && offset <= head.offset && !h.kept(channel, head.epoch, offset - 1)
          })
          return kept.map((told) => ({ ...told, into: head.epoch }))
        }),
      (h, { i, event: { at, subscriber, channel, position }, into }) => {
        const { offset } = position
        const back = { epoch: into, offset: offset - 1 }
        const gap = { type: 'gap', reason: 'rollback', from: offset, to: offset, position: back } as const
        return h.insert(i + 1, { ...gap, at, subscriber, channel })
      },
    ),
  },
  {
    rule: 8,
    name: 'a publisher that is told of a loss that was none',
    of: 'everything',
    mutate: one(
      (h) => h.find('pub.ok', ({ event }) => h.logged(event)),
      (h, { event: { at, publisher, channel, id } }) => {
        return h.insert(h.end, { type: 'rollback', at, publisher, channel, ids: [id] })
      },
    ),
  },
  {
    rule: 8,
    name: 'a publisher that is told of the loss of what it had no acknowledgement for',
    of: 'everything',
    mutate: one(
      (h) => h.find('pub.unknown'),
      (h, { event: { at, publisher, channel, id } }) => {
        return h.insert(h.end, { type: 'rollback', at, publisher, channel, ids: [id] })
      },
    ),
  },
]

function lastOffset(history: Subject, i: number): number | undefined {
  const before = history.previous(i)?.event
  return before?.type === 'deliver' || before?.type === 'sub.ok' ? before.position.offset : undefined
}

function isKeptBefore(history: Subject, i: number, epoch: string): boolean {
  const event = history.events[i]
  const offset = lastOffset(history, i)
  return event?.type === 'rebase' && offset !== undefined && history.kept(event.channel, epoch, offset)
}
