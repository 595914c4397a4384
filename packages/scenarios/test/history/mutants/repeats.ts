import { deliveries, type Mutant, one, pairs } from './mutant.js'

export const repeats: readonly Mutant[] = [
  {
    rule: 4,
    name: 'a doubled delivery',
    of: 'everything',
    mutate: one(deliveries, (h, { i, event }) => h.insert(i, event)),
  },
  {
    rule: 4,
    name: 'an id delivered again at the next position',
    of: 'everything',
    mutate: one(pairs, (h, { a, b }) => h.replace(b.i, { ...b.event, id: a.event.id })),
  },
  {
    rule: 4,
    name: 'an id delivered again after a gap that did not tell it gone',
    of: 'trimming',
    mutate: one(
      (h) =>
        h
          .find('gap', ({ event }) => event.reason === 'trimmed' || event.reason === 'slow')
          .flatMap(({ i }) => {
            const [before, next] = [h.previous(i), h.next(i)]
            if (before?.event.type !== 'deliver' || next?.event.type !== 'deliver') return []
            return [{ id: before.event.id, i: next.i, event: next.event }]
          }),
      (h, { id, i, event }) => h.replace(i, { ...event, id }),
    ),
  },
]
