import { array, assert, boolean, constantFrom, nat, oneof, property, record, type Arbitrary } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  epochOf,
  headOf,
  judgeSince,
  rebaseFrom,
  succeed,
  type EndedGeneration,
  type Lineage,
} from '../../src/core/lineage.js'

/** What happens to a log: messages, a failover with or without loss, trimming. */
type Step =
  | { readonly do: 'append'; readonly count: number }
  | { readonly do: 'replicate' }
  | { readonly do: 'rotate'; readonly lossy: boolean }
  | { readonly do: 'trim'; readonly keep: number }

const GENERATIONS = 16

interface State {
  id: string
  log: string[]
  first: number
  ended: EndedGeneration[]
}

/**
 * The log as a list of names, and of every generation the list it had. What a reader has is a prefix of one of those
 * lists, so whether something was lost is a comparison of two lists.
 */
class Model {
  state: State = { id: 'g0', log: [], first: 1, ended: [] }
  readonly histories = new Map<string, string[]>([['g0', []]])
  /** The generation that each one took over from. */
  private readonly parents = new Map<string, string>()
  private readonly texts = new Map<string, string>([['g0', 'g0']])
  private replica: State = copy(this.state)
  private names = 0

  step(step: Step): void {
    switch (step.do) {
      case 'append':
        for (let i = 0; i < step.count; i++) this.state.log.push(`m${this.names++}`)
        this.histories.set(this.state.id, [...this.state.log])
        return
      case 'replicate':
        this.replica = copy(this.state)
        return
      case 'rotate': {
        if (step.lossy) this.state = copy(this.replica)
        const { id, log, ended } = this.state
        const next = `g${this.histories.size}`
        this.parents.set(next, id)
        this.texts.set(next, succeed(next, this.texts.get(id) ?? '', log.length))
        this.state.ended = [...ended, { id, end: log.length }].slice(-GENERATIONS)
        this.state.id = next
        this.histories.set(next, [...log])
        this.replica = copy(this.state)
        return
      }
      case 'trim':
        this.state.first = Math.max(this.state.first, this.state.log.length - step.keep + 1)
    }
  }

  get lineage(): Lineage {
    const { id, log, first, ended } = this.state
    return { log: 'L', generation: this.texts.get(id) ?? '', top: log.length, first, ended }
  }

  epoch(id: string): string {
    return `L.${this.texts.get(id) ?? ''}`
  }

  /** Whether the lineage knows a generation or one of its two forebears. */
  knows(id: string): boolean {
    const parent = this.parents.get(id)
    const line = [id, parent, parent && this.parents.get(parent)]
    return line.some((each) => each === this.state.id || this.state.ended.some((ended) => ended.id === each))
  }

  /** How many of the messages that a reader has are the first ones of the log now. */
  common(generation: string, offset: number): number {
    const had = this.histories.get(generation) ?? []
    for (let i = 0; i < offset; i++) if (had[i] !== this.state.log[i]) return i
    return offset
  }
}

function copy(state: State): State {
  return { ...state, log: [...state.log], ended: [...state.ended] }
}

const step: Arbitrary<Step> = oneof(
  record({ do: constantFrom('append' as const), count: nat(4) }),
  record({ do: constantFrom('replicate' as const) }),
  record({ do: constantFrom('rotate' as const), lossy: boolean() }),
  record({ do: constantFrom('trim' as const), keep: nat(6) }),
)

const runs = { numRuns: 600 }

/** Runs a check for every position a reader can have after a random history. */
function forEveryReader(check: (model: Model, generation: string, offset: number) => void): void {
  assert(
    property(array(step, { maxLength: 40 }), (steps) => {
      const model = new Model()
      model.step({ do: 'append', count: 1 })
      for (const each of steps) model.step(each)
      for (const [generation, had] of model.histories) {
        for (let offset = 0; offset <= had.length; offset++) check(model, generation, offset)
      }
    }),
    runs,
  )
}

describe('judging a position after any history', () => {
  test('a reader whose messages are all in the log goes on where it was, unless what follows was trimmed', () => {
    forEveryReader((model, generation, offset) => {
      if (!model.knows(generation) || model.common(generation, offset) < offset) return
      const { lineage } = model
      const { position, gap } = judgeSince(lineage, { epoch: model.epoch(generation), offset })
      const trimmed = offset + 1 < lineage.first
      expect(position).toEqual({ epoch: epochOf(lineage), offset: trimmed ? lineage.first - 1 : offset })
      expect(gap).toEqual(trimmed ? { reason: 'trimmed', from: offset + 1, to: lineage.first - 1 } : undefined)
    })
  })

  test('a reader who has a message that the log lost is told exactly which ones it has to take back', () => {
    let told = 0
    forEveryReader((model, generation, offset) => {
      const common = model.common(generation, offset)
      if (!model.knows(generation) || common === offset) return
      told += 1
      const { lineage } = model
      expect(judgeSince(lineage, { epoch: model.epoch(generation), offset })).toEqual({
        position: { epoch: epochOf(lineage), offset: common },
        gap: { reason: 'rollback', from: common + 1, to: offset },
        rebase: { from: model.epoch(generation), end: common, to: epochOf(lineage) },
      })
    })
    expect(told).toBeGreaterThan(100)
  })

  test('a reader of another generation learns where that ended, a reader of this one nothing', () => {
    forEveryReader((model, generation, offset) => {
      const { lineage } = model
      const from = model.epoch(generation)
      const { rebase, gap } = judgeSince(lineage, { epoch: from, offset })
      if (generation === model.state.id) return expect(rebase).toBeUndefined()
      if (!model.knows(generation)) {
        return expect({ rebase, reason: gap?.reason }).toEqual({ rebase: undefined, reason: 'unknown' })
      }
      const all = model.histories.get(generation)?.length ?? 0
      return expect(rebase).toEqual({ from, end: model.common(generation, all), to: epochOf(lineage) })
    })
  })

  test('of a generation that a second failover forgot, its forebear tells where it ended', () => {
    const model = new Model()
    model.step({ do: 'append', count: 5 })
    model.step({ do: 'rotate', lossy: false })
    const epoch = model.epoch('g1')
    // Another replica takes over from g0 after its fourth message, and never heard of g1.
    const generation = succeed('g2', 'g0', 4)
    const lineage: Lineage = { log: 'L', generation, top: 6, first: 1, ended: [{ id: 'g0', end: 4 }] }
    expect(judgeSince(lineage, { epoch, offset: 4 }).gap).toBeUndefined()
    expect(judgeSince(lineage, { epoch, offset: 7 }).gap).toEqual({ reason: 'rollback', from: 5, to: 7 })
  })

  test('a publisher is told of a rolled back message exactly when the log lost it', () => {
    forEveryReader((model, generation, offset) => {
      const { lineage } = model
      if (offset === 0 || generation === model.state.id) return
      const rebase = rebaseFrom(lineage, model.epoch(generation))
      if (!model.knows(generation)) return expect(rebase).toBeUndefined()
      const kept = model.common(generation, offset) === offset
      return expect(offset <= (rebase?.end ?? -1)).toBe(kept)
    })
  })

  test('what is read on from a verdict is what the reader lacks, without a hole', () => {
    forEveryReader((model, generation, offset) => {
      const { lineage } = model
      const first = judgeSince(lineage, { epoch: model.epoch(generation), offset })
      // Behind one gap there can be another; after two readings every reader stands at a kept message.
      const second = judgeSince(lineage, first.position)
      expect(second.rebase).toBeUndefined()
      expect([undefined, 'trimmed']).toContain(second.gap?.reason)
      expect(second.position.offset).toBeGreaterThanOrEqual(lineage.first - 1)
      expect(second.position.offset).toBeLessThanOrEqual(lineage.top)
      expect(judgeSince(lineage, second.position)).toEqual({ position: second.position })
    })
  })
})

describe('the table of PROTOCOL.md §5.4', () => {
  // E is L.now, h is 20, o is 11; the generation `old` ended at 15.
  const lineage: Lineage = { log: 'L', generation: 'now', top: 20, first: 11, ended: [{ id: 'old', end: 15 }] }
  const at = (epoch: string, offset: number) => judgeSince(lineage, { epoch, offset })
  const now = (offset: number) => ({ epoch: 'L.now', offset })

  test('null on a channel nobody has written to stays null', () => {
    expect(judgeSince(undefined, { epoch: '', offset: 0 })).toEqual({ position: { epoch: '', offset: 0 } })
  })

  test('null is served from 1, and told of what was trimmed', () => {
    expect(judgeSince({ ...lineage, first: 1 }, { epoch: '', offset: 0 })).toEqual({ position: now(0) })
    expect(at('', 0)).toEqual({ position: now(10), gap: { reason: 'trimmed', from: 1, to: 10 } })
  })

  test('a position of this epoch goes on from the last trimmed message up to the head', () => {
    expect(at('L.now', 10)).toEqual({ position: now(10) })
    expect(at('L.now', 20)).toEqual({ position: now(20) })
  })

  test('a position of this epoch before what is kept is told `trimmed`', () => {
    expect(at('L.now', 9)).toEqual({ position: now(10), gap: { reason: 'trimmed', from: 10, to: 10 } })
  })

  test('a position of this epoch above the head is told `rollback`', () => {
    expect(at('L.now', 22)).toEqual({
      position: now(20),
      gap: { reason: 'rollback', from: 21, to: 22 },
      rebase: { from: 'L.now', end: 20, to: 'L.now' },
    })
  })

  test('a position of an older epoch is judged by where that ended', () => {
    const rebase = { from: 'L.old', end: 15, to: 'L.now' }
    expect(at('L.old', 15)).toEqual({ position: now(15), rebase })
    expect(at('L.old', 3)).toEqual({ position: now(10), gap: { reason: 'trimmed', from: 4, to: 10 }, rebase })
    expect(at('L.old', 17)).toEqual({ position: now(15), gap: { reason: 'rollback', from: 16, to: 17 }, rebase })
  })

  test('an epoch of this log whose end is not kept is told `unknown`, and names no end', () => {
    expect(at('L.lost', 14)).toEqual({ position: now(14), gap: { reason: 'unknown', from: 14, to: 15 } })
    expect(at('L.lost', 25)).toEqual({ position: now(20), gap: { reason: 'unknown', from: 25, to: 21 } })
    expect(at('L.lost', 3)).toEqual({ position: now(10), gap: { reason: 'unknown', from: 3, to: 11 } })
  })

  test('an epoch of a log that is gone is told `epoch`, from the oldest message that is kept', () => {
    const rebase = { from: 'K.now', end: 0, to: 'L.now' }
    expect(at('K.now', 7)).toEqual({ position: now(10), gap: { reason: 'epoch', from: 7, to: 11 }, rebase })
  })

  test('the same, when nobody has written since', () => {
    expect(judgeSince(undefined, { epoch: 'K.now', offset: 7 })).toEqual({
      position: { epoch: '', offset: 0 },
      gap: { reason: 'epoch', from: 7, to: 1 },
      rebase: { from: 'K.now', end: 0, to: '' },
    })
  })

  test('the seventeenth generation back is unknown, the sixteenth is not', () => {
    const model = new Model()
    model.step({ do: 'append', count: 1 })
    for (let i = 0; i < 17; i++) model.step({ do: 'rotate', lossy: false })
    expect(judgeSince(model.lineage, { epoch: model.epoch('g1'), offset: 1 }).gap).toBeUndefined()
    expect(judgeSince(model.lineage, { epoch: model.epoch('g0'), offset: 1 }).gap?.reason).toBe('unknown')
  })
})

describe('where a reader starts that has no position', () => {
  const lineage: Lineage = { log: 'L', generation: 'g', top: 20, first: 11, ended: [] }
  const start = (since: Parameters<typeof judgeSince>[1]) => judgeSince(lineage, since)

  test('without `since` at the head', () => {
    expect(start(undefined)).toEqual({ position: headOf(lineage) })
    expect(judgeSince(undefined, undefined)).toEqual({ position: { epoch: '', offset: 0 } })
  })

  test("'start' is before the oldest message that is kept, and no gap is told", () => {
    expect(start('start')).toEqual({ position: { epoch: 'L.g', offset: 10 } })
    expect(judgeSince(undefined, 'start')).toEqual({ position: { epoch: '', offset: 0 } })
  })

  test('{ last: n } is n before the head, or as many as are kept', () => {
    expect(start({ last: 3 })).toEqual({ position: { epoch: 'L.g', offset: 17 } })
    expect(start({ last: 0 })).toEqual({ position: { epoch: 'L.g', offset: 20 } })
    expect(start({ last: 99 })).toEqual({ position: { epoch: 'L.g', offset: 10 } })
    expect(judgeSince(undefined, { last: 3 })).toEqual({ position: { epoch: '', offset: 0 } })
  })

  test('an object that is both a position and a `last` is a position', () => {
    const both = { epoch: 'L.g', offset: 12, last: 1 }
    expect(start(both)).toEqual({ position: { epoch: 'L.g', offset: 12 } })
  })

  test('an object whose position is none is a `last`', () => {
    const half = { epoch: 7, offset: 12, last: 1 } as unknown as { last: number }
    expect(start(half)).toEqual({ position: { epoch: 'L.g', offset: 19 } })
  })
})
