import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CheckOptions, checkHistory, RULES } from '../../src/history/index.js'
import { mutants } from './mutants/index.js'
import { Subject } from './subject.js'
import { walks } from './walks.js'
import { LOSSY_FAULTS } from './world.js'

type Kind = keyof typeof walks

/** The options under which the walks of a kind are valid. */
const optionsOf: Readonly<Record<Kind, CheckOptions>> = {
  quiet: {},
  trimming: {},
  losing: { lossyFaults: LOSSY_FAULTS },
  everything: { lossyFaults: LOSSY_FAULTS, mayTrim: true },
  modes: { lossyFaults: LOSSY_FAULTS },
  presence: { presence: { withinMs: 6_000, graceMs: 4_000 } },
  calls: {},
}

/** The same histories on every run, so that each mutant finds its places or never does. */
const seed = Number(process.env['HISTORY_SEED'] ?? 1)
const sample = (kind: Kind) => fc.sample(walks[kind], { seed, numRuns: 120 }).map((events) => new Subject(events))
const subjects: Readonly<Record<Kind, readonly Subject[]>> = {
  quiet: sample('quiet'),
  trimming: sample('trimming'),
  losing: sample('losing'),
  everything: sample('everything'),
  modes: sample('modes'),
  presence: sample('presence'),
  calls: sample('calls'),
}

test.each(Object.keys(walks) as Kind[])('the histories of kind %s are valid before they are broken', (kind) => {
  for (const { events } of subjects[kind]) expect(checkHistory(events, optionsOf[kind]).violations).toEqual([])
})

describe.each(mutants)('rule $rule catches $name', ({ rule, of, options, mutate }) => {
  test('wherever it happens', () => {
    let caught = 0
    for (const [i, subject] of subjects[of].entries()) {
      const broken = mutate(subject, (places) => places[i % Math.max(1, places.length)])
      if (!broken) continue
      const { violations } = checkHistory(broken, options ?? optionsOf[of])
      expect(
        violations.map((violation) => violation.rule),
        `history ${i}`,
      ).toContain(rule)
      caught++
    }
    expect(caught, 'histories that had a place for it').toBeGreaterThanOrEqual(3)
  })
})

test('every rule has at least two kinds of mutants', () => {
  const kinds = Object.keys(RULES).map((rule) => mutants.filter((mutant) => mutant.rule === Number(rule)).length)
  expect(kinds.filter((count) => count < 2)).toEqual([])
})
