import { describe, expect, test } from 'vitest'
import { hunt } from '../../src/mutants/run-mutant.js'
import { MUTANTS } from '../../src/mutants/mutants.js'

/** Schedules within which each mutant has to die. */
const SCHEDULES = 1_000

describe('a mutant of the engine dies within 1,000 schedules', () => {
  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s',
    async (name, mutant) => {
      const death = await hunt(mutant, SCHEDULES)
      expect(death, `the mutant "${name}" survived`).toBeDefined()
      console.log(`mutant "${name}" died at schedule ${death?.seed}, rules ${death?.rules.join(', ')}`)
    },
    300_000,
  )
})
