import type { ClientFrame, PublishFrame, ServerFrame } from '@org/realtime-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Rig } from '../support/rig.js'
import { connected } from '../support/world.js'

/** A client that publishes, and a log that takes numbers as PROTOCOL.md §3.4 says. */
class Walk {
  readonly rig = new Rig()
  readonly stored: Array<{ readonly id: string; readonly seq: number }> = []
  private taken = 0
  private link = 0
  private requests: PublishFrame[] = []
  private replies: ServerFrame[] = []
  private seen = 0
  private count = 0

  constructor() {
    this.rig.put({ type: 'connect' })
    this.connect()
  }

  publish(): void {
    this.rig.put({
      type: 'publish',
      id: `m${++this.count}`,
      line: 'room',
      fields: { channel: 'room', data: this.count },
      bytes: 1,
    })
    this.collect()
  }

  abort(n: number): void {
    const id = [...this.rig.state.requests.keys()][n]
    if (id) this.rig.put({ type: 'abort', id })
    this.collect()
  }

  /** The server handles the next request, or fails to. */
  serve(how: 'store' | 'FORBIDDEN' | 'UNAVAILABLE'): void {
    const request = this.requests.shift()
    if (!request) return
    const { ref, id, seq = 0, lowest = 0 } = request
    const fail = (code: string, fields: object) =>
      this.replies.push({ type: 'error', ref, code, message: '', ...fields })
    const offset = this.stored.findIndex((each) => each.seq === seq) + 1
    const next = Math.max(this.taken + 1, lowest)
    if (offset) this.replies.push({ type: 'reply', ref, id, position: { epoch: 'e', offset } })
    else if (how !== 'store') fail(how, { retryable: how === 'UNAVAILABLE' })
    else if (seq !== next) fail('OUT_OF_ORDER', { retryable: true, expected: next })
    else {
      this.taken = seq
      this.stored.push({ id, seq })
      this.replies.push({ type: 'reply', ref, id, position: { epoch: 'e', offset: this.stored.length } })
    }
  }

  answer(): void {
    const frame = this.replies.shift()
    if (frame) this.rig.put({ type: 'frame', link: this.link, frame })
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

  settle(): void {
    for (let i = 0; i < 1_000 && this.rig.state.requests.size; i++) {
      while (this.requests.length) this.serve('store')
      while (this.replies.length) this.answer()
      this.pass(500)
      this.rig.put({ type: 'frame', link: this.link, frame: { type: 'ping' } })
    }
  }

  private connect(): void {
    this.requests = []
    this.replies = []
    for (let i = 0; !this.rig.links.size && i < 100; i++) this.rig.advance(1_000)
    this.link = [...this.rig.links.keys()][0] ?? 0
    this.rig.put({ type: 'opened', link: this.link })
    this.rig.put({
      type: 'frame',
      link: this.link,
      frame: connected({ limits: { messageBytes: 65_536, channels: 128, inFlight: 5 } }),
    })
    this.collect()
  }

  private collect(): void {
    for (const effect of this.rig.effects.slice(this.seen)) {
      const frame: ClientFrame | undefined = effect[0] === 'send' ? effect[2] : undefined
      if (frame?.type === 'publish') this.requests.push(frame)
    }
    this.seen = this.rig.effects.length
  }
}

const moves = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant((walk: Walk) => walk.publish()) },
    { weight: 8, arbitrary: fc.constant((walk: Walk) => walk.serve('store')) },
    { weight: 1, arbitrary: fc.constant((walk: Walk) => walk.serve('FORBIDDEN')) },
    { weight: 1, arbitrary: fc.constant((walk: Walk) => walk.serve('UNAVAILABLE')) },
    { weight: 8, arbitrary: fc.constant((walk: Walk) => walk.answer()) },
    { weight: 1, arbitrary: fc.constant((walk: Walk) => walk.cut()) },
    { weight: 1, arbitrary: fc.nat(4).map((n) => (walk: Walk) => walk.abort(n)) },
    { weight: 1, arbitrary: fc.nat(2_000).map((ms) => (walk: Walk) => walk.pass(ms)) },
  ),
  { maxLength: 120, size: 'max' },
)

test('through refusals, lost replies and lost links, a publish takes effect once, in order, and says so', () => {
  let resolved = 0
  fc.assert(
    fc.property(moves, (moves) => {
      const walk = new Walk()
      for (const move of moves) move(walk)
      walk.settle()
      const { rig, stored } = walk
      expect(new Set(stored.map(({ id }) => id)).size, 'stored once').toBe(stored.length)
      expect(
        stored.map(({ seq }) => seq),
        'stored in order',
      ).toEqual(stored.map(({ seq }) => seq).sort((a, b) => a - b))
      for (const [id, { error, value }] of rig.settled) {
        if (error) expect(['FORBIDDEN', 'ABORTED', 'UNKNOWN_OUTCOME', 'EXPIRED'], id).toContain(error)
        else {
          resolved++
          expect(stored[(value as { offset: number }).offset - 1]?.id, 'what resolves is stored where it says').toBe(id)
        }
        if (error === 'FORBIDDEN')
          expect(
            stored.some((each) => each.id === id),
            'what is refused is not stored',
          ).toBe(false)
      }
      expect(rig.settled.size, 'everything is settled').toBe(rig.issued.size)
    }),
    { numRuns: 400 },
  )
  expect(resolved).toBeGreaterThan(1_000)
})
