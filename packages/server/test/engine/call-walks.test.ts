import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RealtimeError } from '../../src/index.js'
import type { MemoryLink } from '../support/memory-link.js'
import { world } from '../support/world.js'

/** What can happen around the calls of one link, both ways. Numbers pick one of those that are there. */
type Step =
  | { readonly do: 'client calls' | 'server calls' }
  | { readonly do: 'client cancels' | 'method ends' | 'client answers' | 'server aborts'; readonly pick: number }
  | { readonly do: 'time passes'; readonly ms: number }

const picked = (what: 'client cancels' | 'method ends' | 'client answers' | 'server aborts') =>
  fc.record({ do: fc.constant(what), pick: fc.nat(99) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('client calls' as const, 'server calls' as const) }) },
  { weight: 2, arbitrary: picked('method ends') },
  { weight: 2, arbitrary: picked('client answers') },
  { weight: 1, arbitrary: picked('client cancels') },
  { weight: 1, arbitrary: picked('server aborts') },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time passes' as const), ms: fc.constantFrom(1, 500, 4_000) }) },
)

/** Calls made by the server, with everything a law wants to know of them. */
interface Made {
  readonly ending: AbortController
  readonly ends: Array<string>
}

/** Walks through steps; at the end, the link is cut or the server closes. */
async function walk(steps: readonly Step[], last: 'cut' | 'close') {
  const w = world({ limits: { callTimeoutMs: 4_000, messageBurst: 1_000_000 } })
  const idle = w.clock.pending
  const running: Array<{ readonly data: unknown; readonly signal: AbortSignal; readonly end: () => void }> = []
  const began: unknown[] = []
  w.server.method('m', (data, { signal }) => {
    began.push(data)
    return new Promise((resolve) => running.push({ data, signal, end: () => resolve({ of: data }) }))
  })
  const client = await w.connected()
  const session = client.only('connected').session.id
  const made: Made[] = []
  const cancelled = new Set<number>()
  let ref = 0

  for (const each of steps) {
    switch (each.do) {
      case 'client calls':
        ref += 1
        client.tell({ type: 'call', ref, method: 'm', data: ref })
        break
      case 'client cancels': {
        if (ref === 0) break
        const target = 1 + (each.pick % ref)
        if (!answered(client, target)) cancelled.add(target)
        client.tell({ type: 'cancel', ref: target })
        break
      }
      case 'method ends':
        running.splice(each.pick % Math.max(1, running.length), 1)[0]?.end()
        break
      case 'server calls': {
        const call: Made = { ending: new AbortController(), ends: [] }
        made.push(call)
        w.server.call({ session }, 'c', made.length, { timeoutMs: 3_000, signal: call.ending.signal }).then(
          (value) => call.ends.push(`answer ${JSON.stringify(value)}`),
          (error: RealtimeError) => call.ends.push(error.code),
        )
        break
      }
      case 'client answers': {
        const calls = client.all('call')
        const call = calls[each.pick % Math.max(1, calls.length)]
        if (call) client.tell({ type: 'result', ref: call.ref, data: call.data })
        break
      }
      case 'server aborts':
        made[each.pick % Math.max(1, made.length)]?.ending.abort()
        break
      case 'time passes':
        await w.clock.advance(each.ms)
    }
    await w.clock.settle()
  }
  const missing = made.filter(({ ends }) => ends.length === 0).length
  if (last === 'cut') await client.cut()
  else await w.server.close()
  await w.clock.settle()
  return { ...w, idle, client, made, missing, running, began, cancelled, calls: ref }
}

function answered(client: MemoryLink, ref: number): boolean {
  return client.heard.some((frame) => (frame.type === 'result' || frame.type === 'error') && frame.ref === ref)
}

const walks = fc.asyncProperty(
  fc.array(step, { maxLength: 120 }),
  fc.constantFrom('cut' as const, 'close' as const),
  async (steps, last) => {
    const { client, made, running, began, cancelled, calls, clock, idle } = await walk(steps, last)
    const answers = client.heard.filter((frame) => frame.type === 'result' || frame.type === 'error')

    // Of the client's calls each ran at most once, was answered at most once, with its own answer, and not after a cancel.
    expect(new Set(began).size).toBe(began.length)
    expect(new Set(answers.map((frame) => frame.ref)).size).toBe(answers.length)
    for (const frame of answers) {
      if (frame.type === 'result') expect(frame.data).toEqual({ of: frame.ref })
      expect(cancelled.has(frame.ref as number)).toBe(false)
    }
    // Every one that was refused did not run; every other one ran.
    const refused = answers.filter((frame) => frame.type === 'error' && frame.code === 'RATE_LIMITED')
    expect(began).toHaveLength(calls - refused.length)
    // Methods that still run were told that nobody waits.
    expect(running.every(({ signal }) => signal.aborted)).toBe(true)

    // Every call of the server ended, once, with its own answer or with a reason.
    for (const [i, { ends }] of made.entries()) {
      expect(ends).toHaveLength(1)
      expect([`answer ${i + 1}`, 'UNKNOWN_OUTCOME', 'ABORTED', 'RATE_LIMITED']).toContain(ends[0])
    }
    // Nothing is left but what a node without links has, and the last words of this link.
    await clock.advance(10_000)
    expect(clock.pending).toBeLessThanOrEqual(idle)
  },
)

test('whatever happens around the calls of a link, each ends once and nothing stays when the link ends', async () => {
  await fc.assert(walks, { numRuns: 150 })
})
