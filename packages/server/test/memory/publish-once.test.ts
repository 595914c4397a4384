import { array, assert, constantFrom, nat, oneof, property, record, type Arbitrary } from 'fast-check'
import { expect, test } from 'vitest'
import type { Position } from '@org/realtime-protocol'
import type { PublishOutcome, PublishRequest } from '../../src/index.js'
import { MemoryLog } from '../../src/memory/memory-log.js'

/** What can happen between a producer and its log. A number picks among what is there. */
type Step =
  | { readonly do: 'write' }
  /** Sends one of the unsettled messages, over one of two links. */
  | { readonly do: 'send'; readonly link: 0 | 1; readonly which: number }
  /** A request arrives: not always the oldest one, so links overtake each other, and it may arrive again later. */
  | { readonly do: 'arrive'; readonly link: 0 | 1; readonly again: boolean }
  /** An answer arrives, or is lost. */
  | { readonly do: 'answer'; readonly which: number; readonly lost: boolean }
  /** The client gives an unsettled message up. */
  | { readonly do: 'abandon'; readonly which: number }
  /** The rule refuses an unsettled message: its number is used up and the log never sees it. */
  | { readonly do: 'refuse'; readonly which: number }
  | { readonly do: 'replicate' }
  | { readonly do: 'fail over'; readonly lossy: boolean }

const link = constantFrom(0 as const, 1 as const)
const flag = constantFrom(true, false, false)
const step: Arbitrary<Step> = oneof(
  { weight: 4, arbitrary: record({ do: constantFrom('write' as const) }) },
  { weight: 6, arbitrary: record({ do: constantFrom('send' as const), link, which: nat(5) }) },
  { weight: 8, arbitrary: record({ do: constantFrom('arrive' as const), link, again: flag }) },
  { weight: 6, arbitrary: record({ do: constantFrom('answer' as const), which: nat(5), lost: flag }) },
  { weight: 1, arbitrary: record({ do: constantFrom('abandon' as const), which: nat(5) }) },
  { weight: 1, arbitrary: record({ do: constantFrom('refuse' as const), which: nat(5) }) },
  { weight: 1, arbitrary: record({ do: constantFrom('replicate' as const) }) },
  { weight: 1, arbitrary: record({ do: constantFrom('fail over' as const), lossy: flag }) },
)

const RETENTION = { messages: 10_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }
const DATE = 1_000

interface Request {
  readonly seq: number
  readonly lowest: number
}

/** A client that keeps its side of PROTOCOL.md §3.4, two links that reorder and repeat, and a log that fails over. */
class Simulation {
  readonly acknowledged = new Map<number, Position>()
  readonly abandoned = new Set<number>()
  /** Numbers a lossy failover took out of the log. */
  readonly undone = new Set<number>()
  private next = 1
  private readonly unsettled = new Set<number>()
  private readonly wires: [Request[], Request[]] = [[], []]
  private readonly answers: Array<{ readonly seq: number; readonly outcome: PublishOutcome }> = []
  private incarnation = 'i0'
  private incarnations = 0
  private ids = 0
  private log = new MemoryLog(RETENTION, this.moment())
  private replica = this.log.copy()

  step(step: Step): void {
    switch (step.do) {
      case 'write':
        if (this.unsettled.size < 8) this.unsettled.add(this.next++)
        return
      case 'send': {
        const seq = this.pick(this.unsettled, step.which)
        if (seq) this.wires[step.link].push({ seq, lowest: this.lowest() })
        return
      }
      case 'arrive': {
        const wire = this.wires[step.link]
        const request = step.again ? wire[0] : wire.shift()
        if (request) this.arrive(request)
        return
      }
      case 'answer': {
        const [answer] = this.answers.splice(step.which % (this.answers.length || 1), 1)
        if (answer && !step.lost) this.settle(answer.seq, answer.outcome)
        return
      }
      case 'abandon':
      case 'refuse': {
        const seq = this.pick(this.unsettled, step.which)
        if (!seq) return
        this.unsettled.delete(seq)
        this.abandoned.add(seq)
        return
      }
      case 'replicate':
        this.replica = this.log.copy()
        return
      case 'fail over': {
        const before = new Set(this.stored())
        if (step.lossy) this.log = this.replica.copy()
        const after = new Set(this.stored())
        for (const seq of before) if (!after.has(seq)) this.undone.add(seq)
        this.incarnation = `i${++this.incarnations}`
        this.replica = this.log.copy()
      }
    }
  }

  /** Sends everything again until nothing is unsettled; a client that is told of a lower number goes back to it. */
  finish(): void {
    for (const wire of this.wires) for (const request of wire.splice(0)) this.arrive(request)
    this.answers.splice(0)
    for (let rounds = 0; this.unsettled.size > 0; rounds++) {
      expect(rounds).toBeLessThan(20)
      for (const seq of [...this.unsettled].sort((a, b) => a - b)) {
        const outcome = this.arrive({ seq, lowest: this.lowest() })
        this.answers.pop()
        this.settle(seq, outcome)
      }
    }
  }

  /** The numbers in the log, in the order of their positions. */
  stored(): number[] {
    return this.log.recover('start', 10_000, DATE).publications.map(({ id }) => Number(id))
  }

  private arrive({ seq, lowest }: Request): PublishOutcome {
    const number = { producer: 'p', seq, lowest }
    const request: PublishRequest = { channel: 'c', id: String(seq), payload: '1', number, retention: RETENTION }
    const outcome = this.log.publish(request, this.moment(), () => undefined)
    if (outcome.kind === 'stored') expect(outcome.id).toBe(String(seq))
    if (outcome.kind === 'stored') this.undone.delete(seq)
    this.answers.push({ seq, outcome })
    return outcome
  }

  private settle(seq: number, outcome: PublishOutcome): void {
    if (!this.unsettled.has(seq)) return
    if (outcome.kind === 'stored') {
      this.unsettled.delete(seq)
      this.acknowledged.set(seq, outcome.position)
    }
    // What lies above the number means that its outcome is not known; within 64 numbers that cannot be.
    else if (outcome.expected > seq) throw new Error(`the outcome of ${seq} is not known`)
  }

  private lowest(): number {
    return Math.min(this.next, ...this.unsettled)
  }

  private pick(from: ReadonlySet<number>, which: number): number | undefined {
    return [...from][which % (from.size || 1)]
  }

  private moment() {
    return {
      date: DATE,
      now: 0,
      incarnation: this.incarnation,
      id: () => `id${++this.ids}`.padEnd(12, '-'),
      admits: () => true,
    }
  }
}

const histories = array(step, { minLength: 5, maxLength: 120 })

function forEveryHistory(check: (simulation: Simulation) => void): void {
  assert(
    property(histories, (steps) => {
      const simulation = new Simulation()
      for (const each of steps) simulation.step(each)
      simulation.finish()
      check(simulation)
    }),
    { numRuns: 1_500 },
  )
}

test('whatever is reordered, repeated, lost, given up or failed over, each number takes effect at most once', () => {
  forEveryHistory((simulation) => {
    const stored = simulation.stored()
    expect(new Set(stored).size).toBe(stored.length)
  })
})

test('and the log has the numbers in their order', () => {
  forEveryHistory((simulation) => {
    const stored = simulation.stored()
    expect(stored).toEqual([...stored].sort((a, b) => a - b))
  })
})

test('and every acknowledged one is in the log, unless a failover lost it after all', () => {
  forEveryHistory((simulation) => {
    const stored = new Set(simulation.stored())
    for (const seq of simulation.acknowledged.keys()) {
      expect(stored.has(seq) || simulation.undone.has(seq)).toBe(true)
    }
  })
})

test('and without a lossy failover every acknowledged one is at the position that was acknowledged', () => {
  assert(
    property(histories, (steps) => {
      const simulation = new Simulation()
      for (const each of steps) simulation.step(each.do === 'fail over' ? { ...each, lossy: false } : each)
      simulation.finish()
      const stored = simulation.stored()
      for (const [seq, position] of simulation.acknowledged) expect(stored[position.offset - 1]).toBe(seq)
    }),
    { numRuns: 500 },
  )
})

test('a record that has expired costs nothing: the producer goes on from its lowest number', () => {
  const log = new MemoryLog(RETENTION, { date: 0, now: 0, incarnation: 'i', id: () => 'idididididid' })
  const publish = (seq: number, now: number, date = 0) =>
    log.publish(
      { channel: 'c', id: `m${seq}`, payload: '1', number: { producer: 'p', seq, lowest: seq }, retention: RETENTION },
      { date, now, incarnation: 'i', id: () => 'jjjjjjjjjjjj', admits: () => true },
      () => undefined,
    )
  expect(publish(7, 0)).toMatchObject({ position: { offset: 1 } })
  expect(publish(7, 299_999)).toMatchObject({ position: { offset: 1 } })
  // A wall clock that is set forward lets no record expire.
  expect(publish(7, 299_999, 86_400_000)).toMatchObject({ position: { offset: 1 } })
  expect(publish(8, 1_200_000)).toMatchObject({ position: { offset: 2 } })
})
