import type { CallFrame } from '@org/realtime-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Rig } from '../support/rig.js'
import { connected } from '../support/world.js'

/** A client that calls, and a server that runs what it gets. */
class Walk {
  readonly rig = new Rig()
  /** How often each call was run, by its number. */
  readonly runs = new Map<number, number>()
  readonly idempotent = new Set<string>()
  /** Refs the server has been told to give up. */
  readonly cancelled = new Set<number>()
  private link = 0
  private requests: CallFrame[] = []
  private answers: Array<{ readonly ref: number; readonly data: unknown }> = []
  private seen = 0
  private count = 0

  constructor() {
    this.rig.put({ type: 'connect' })
    this.connect()
  }

  call(idempotent: boolean): void {
    const id = String(++this.count)
    if (idempotent) this.idempotent.add(id)
    const fields = { method: 'm', data: this.count }
    this.rig.put({ type: 'call', id, line: '', fields, bytes: 1, timeoutMs: 5_000, idempotent })
    this.collect()
  }

  abort(n: number): void {
    const id = [...this.rig.state.requests.keys()][n]
    if (id) this.rig.put({ type: 'abort', id })
    this.collect()
  }

  run(): void {
    const request = this.requests.shift()
    if (!request) return
    const n = request.data as number
    this.runs.set(n, (this.runs.get(n) ?? 0) + 1)
    this.answers.push({ ref: request.ref, data: n })
  }

  /** Calls run side by side: any of them is answered next. */
  answer(n: number): void {
    const [frame] = this.answers.splice(n % (this.answers.length || 1), 1)
    if (frame) this.rig.put({ type: 'frame', link: this.link, frame: { type: 'result', ...frame } })
    this.collect()
  }

  cut(): void {
    this.rig.put({ type: 'closed', link: this.link, code: 1006, reason: '' })
    this.connect()
  }

  pass(ms: number): void {
    this.rig.advance(ms)
    this.collect()
  }

  private connect(): void {
    this.requests = []
    this.answers = []
    for (let i = 0; !this.rig.links.size && i < 100; i++) this.rig.advance(1_000)
    this.link = [...this.rig.links.keys()][0] ?? 0
    this.rig.put({ type: 'opened', link: this.link })
    const limits = { messageBytes: 65_536, channels: 128, inFlight: 5 }
    this.rig.put({ type: 'frame', link: this.link, frame: connected({ limits }) })
    this.collect()
  }

  private collect(): void {
    for (const effect of this.rig.effects.slice(this.seen)) {
      if (effect[0] !== 'send') continue
      if (effect[2].type === 'call') this.requests.push(effect[2])
      if (effect[2].type === 'cancel') this.cancelled.add(effect[2].ref)
    }
    this.seen = this.rig.effects.length
  }
}

const moves = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.boolean().map((idempotent) => (walk: Walk) => walk.call(idempotent)) },
    { weight: 6, arbitrary: fc.constant((walk: Walk) => walk.run()) },
    { weight: 6, arbitrary: fc.nat(5).map((n) => (walk: Walk) => walk.answer(n)) },
    { weight: 1, arbitrary: fc.constant((walk: Walk) => walk.cut()) },
    { weight: 1, arbitrary: fc.nat(4).map((n) => (walk: Walk) => walk.abort(n)) },
    { weight: 1, arbitrary: fc.nat(2_000).map((ms) => (walk: Walk) => walk.pass(ms)) },
  ),
  { maxLength: 100, size: 'max' },
)

test('a call takes effect at most once unless it is idempotent, gets its own answer, and never says "not done" of what was done', () => {
  const outcomes = new Map<string, number>()
  fc.assert(
    fc.property(moves, (moves) => {
      const walk = new Walk()
      for (const move of moves) move(walk)
      walk.pass(60_000)
      const { rig, runs, idempotent } = walk
      for (const [n, times] of runs) if (!idempotent.has(String(n))) expect(times, `call ${n}`).toBe(1)
      for (const [id, { error, value }] of rig.settled) {
        const ran = runs.has(Number(id))
        outcomes.set(error ?? 'done', (outcomes.get(error ?? 'done') ?? 0) + 1)
        if (!error) expect(value, 'its own answer').toBe(Number(id))
        else expect(['ABORTED', 'UNKNOWN_OUTCOME', 'TIMEOUT']).toContain(error)
        if (error === 'TIMEOUT' && !idempotent.has(id)) expect(ran, 'a timeout means that nothing was done').toBe(false)
        if (error === 'UNKNOWN_OUTCOME')
          expect(idempotent.has(id), 'what may be repeated is never in doubt').toBe(false)
      }
      expect(rig.settled.size, 'everything is settled').toBe(rig.issued.size)
    }),
    { numRuns: 300 },
  )
  for (const what of ['done', 'ABORTED', 'UNKNOWN_OUTCOME', 'TIMEOUT']) expect(outcomes.get(what)).toBeGreaterThan(20)
})
