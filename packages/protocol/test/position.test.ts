import { array, assert, boolean, constantFrom, integer, nat, property, record, type Arbitrary } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  judge,
  NULL_POSITION,
  rebased,
  type DeliveryVerdict,
  type Mode,
  type Position,
  type Rebase,
} from '../src/index.js'
import { vectorCases } from './support/files.js'

interface JudgeCase {
  readonly name: string
  readonly last: Position
  readonly next: Position
  readonly mode?: Exclude<Mode, 'log'>
  readonly verdict: DeliveryVerdict
}

interface RebaseCase {
  readonly name: string
  readonly position: Position
  readonly rebase: Rebase
  readonly renamed: Position | null
}

const cases = vectorCases<JudgeCase | RebaseCase>('positions')
const epoch = constantFrom('A', 'B', 'C')
const position: Arbitrary<Position> = record({ epoch, offset: nat(9) })

/** A reader that follows the rule: what is held waits, and is judged again whenever the last position moves. */
function reader(start: Position) {
  let last = start
  let held: Position[] = []
  const delivered: Position[] = []
  const take = (next: Position): void => {
    const verdict = judge(last, next)
    if (verdict === 'hold') held.push(next)
    if (verdict !== 'deliver') return
    delivered.push(next)
    last = next
    retry()
  }
  const retry = (): void => {
    const waiting = held
    held = []
    for (const each of waiting) take(each)
  }
  return {
    delivered,
    take,
    held: () => held,
    rebase(rebase: Rebase): void {
      last = rebased(last, rebase) ?? last
      retry()
    },
  }
}

function stream(name: string, from: number, to: number): Position[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => ({ epoch: name, offset: from + i }))
}

/** Two streams as one, each in its own order, by a list of choices. */
function interleave(left: readonly Position[], right: readonly Position[], choices: readonly boolean[]): Position[] {
  const [a, b] = [[...left], [...right]]
  const merged: Position[] = []
  for (let i = 0; a.length + b.length > 0; i++) {
    const next = (choices[i % choices.length] ? a : b).shift() ?? a.shift() ?? b.shift()
    if (next) merged.push(next)
  }
  return merged
}

const choices = array(boolean(), { minLength: 1, maxLength: 40 })

describe('the delivery rule', () => {
  test.each(cases.filter((each): each is JudgeCase => 'verdict' in each))(
    '$name: $verdict',
    ({ last, next, mode, verdict }) => {
      expect(judge(last, next, mode)).toBe(verdict)
    },
  )

  test('delivers a position once: after it was delivered it is dropped', () => {
    assert(
      property(position, position, (last, next) => {
        if (judge(last, next) === 'deliver') expect(judge(next, next)).toBe('drop')
      }),
    )
  })

  test('never drops what belongs to another epoch', () => {
    assert(
      property(position, position, (last, next) => {
        if (last.epoch !== next.epoch) expect(judge(last, next)).toBe('hold')
      }),
    )
  })

  test('drops exactly what is not after the last of the same epoch', () => {
    assert(
      property(position, position, (last, next) => {
        expect(judge(last, next) === 'drop').toBe(last.epoch === next.epoch && next.offset <= last.offset)
      }),
    )
  })

  test('delivers each message of two overlapping streams once and in order, however they interleave', () => {
    assert(
      property(nat(5), nat(12), nat(14), nat(12), choices, (start, length, jump, otherLength, order) => {
        // One stream goes on from the last position; the other begins anywhere up to where the first one ends.
        const end = start + length
        const otherFrom = Math.min(1 + jump, end + 1)
        const otherEnd = otherFrom + otherLength
        const { take, delivered, held } = reader({ epoch: 'A', offset: start })
        interleave(stream('A', start + 1, end), stream('A', otherFrom, otherEnd), order).forEach(take)
        expect(delivered).toEqual(stream('A', start + 1, Math.max(end, otherEnd)))
        expect(held()).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })

  test('delivers everything once and in order across a change of epoch, wherever the rebase comes', () => {
    assert(
      property(nat(5), nat(8), nat(8), nat(30), choices, (start, old, young, when, order) => {
        const end = start + old
        const { take, rebase, delivered } = reader({ epoch: 'A', offset: start })
        // The new stream may repeat what is common to both epochs.
        const arriving = interleave(stream('A', start + 1, end), stream('B', Math.max(1, end - 2), end + young), order)
        const last = arriving.map((each) => each.epoch).lastIndexOf('A')
        arriving.forEach((each, i) => {
          take(each)
          // A link says it after the last message of the old epoch that it carries.
          if (i === Math.max(last, when)) rebase({ from: 'A', end, to: 'B' })
        })
        if (Math.max(last, when) >= arriving.length) rebase({ from: 'A', end, to: 'B' })
        expect(delivered).toEqual([...stream('A', start + 1, end), ...stream('B', end + 1, end + young)])
      }),
      { numRuns: 1000 },
    )
  })

  test('begins an unwritten channel with offset 1 of whatever epoch comes', () => {
    const { take, delivered } = reader(NULL_POSITION)
    stream('A', 1, 3).forEach(take)
    expect(delivered).toEqual(stream('A', 1, 3))
  })
})

describe('the delivery rule of other modes', () => {
  const mode = constantFrom<Exclude<Mode, 'log'>>('latest', 'ephemeral')

  test('never holds, and drops what logs drop', () => {
    assert(
      property(position, position, mode, (last, next, by) => {
        const log = judge(last, next)
        expect(judge(last, next, by)).toBe(log === 'drop' ? 'drop' : 'deliver')
      }),
    )
  })

  test('delivers what has no position, whatever was delivered before', () => {
    assert(
      property(constantFrom(NULL_POSITION, { epoch: 'A', offset: 7 }), mode, (last, by) => {
        expect(judge(last, NULL_POSITION, by)).toBe('deliver')
      }),
    )
  })
})

describe('a rebase', () => {
  const rebase: Arbitrary<Rebase> = record({ from: epoch, end: nat(9), to: epoch })

  test.each(cases.filter((each): each is RebaseCase => 'rebase' in each))('$name', ({ position, rebase, renamed }) => {
    expect(rebased(position, rebase) ?? null).toEqual(renamed)
  })

  test('covers exactly what lies up to its end in its epoch, and keeps the offset', () => {
    assert(
      property(position, rebase, (at, by) => {
        const covered = at.epoch === by.from && at.offset <= by.end
        expect(rebased(at, by)).toEqual(covered ? { epoch: by.to, offset: at.offset } : undefined)
      }),
    )
  })

  test('keeps every verdict: what was next is next, what was delivered is delivered', () => {
    assert(
      property(integer({ min: 1, max: 9 }), nat(9), nat(9), (end, last, next) => {
        const by = { from: 'A', end, to: 'B' }
        const [a, b] = [rebased({ epoch: 'A', offset: last }, by), rebased({ epoch: 'A', offset: next }, by)]
        if (a && b) expect(judge(a, b)).toBe(judge({ epoch: 'A', offset: last }, { epoch: 'A', offset: next }))
      }),
    )
  })

  test('after another one is a rebase to the lower of the two ends', () => {
    assert(
      property(nat(9), nat(9), nat(9), (offset, first, second) => {
        const step = rebased({ epoch: 'A', offset }, { from: 'A', end: first, to: 'B' })
        const twice = step && rebased(step, { from: 'B', end: second, to: 'C' })
        expect(twice).toEqual(rebased({ epoch: 'A', offset }, { from: 'A', end: Math.min(first, second), to: 'C' }))
      }),
    )
  })

  test('changes nothing it was given', () => {
    const at = Object.freeze({ epoch: 'A', offset: 3 })
    expect(rebased(at, Object.freeze({ from: 'A', end: 5, to: 'B' }))).not.toBe(at)
    expect(Object.isFrozen(NULL_POSITION)).toBe(true)
    expect(NULL_POSITION).toEqual({ epoch: '', offset: 0 })
  })
})
