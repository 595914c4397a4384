import { type Mutant, one } from './mutant.js'

export const bounds: readonly Mutant[] = [
  {
    rule: 11,
    name: 'a queue over its limit',
    of: 'everything',
    mutate: one(
      (h) => h.find('bound'),
      (h, { i, event }) => h.replace(i, { ...event, value: event.limit + 1 }),
    ),
  },
  {
    rule: 11,
    name: 'a queue whose size is no number',
    of: 'everything',
    mutate: one(
      (h) => h.find('bound'),
      (h, { i, event }) => h.replace(i, { ...event, value: NaN }),
    ),
  },
  {
    rule: 11,
    name: 'an older link that stays open',
    of: 'everything',
    mutate: one(
      (h) => h.find('link.close'),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 11,
    name: 'an older link that is closed too late',
    of: 'everything',
    mutate: one(
      (h) => h.find('link.close'),
      (h, { i, event }) => h.replace(i, { ...event, at: event.at + 1001 }),
    ),
  },
]
