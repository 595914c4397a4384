import type { ProtocolError } from '@org/realtime-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SessionInput } from '../../src/core/session-state.js'
import { Rig } from '../support/rig.js'
import { connected, publication } from '../support/world.js'

type Move = (rig: Rig) => void

const position = { epoch: 'e', offset: 3 }
let ids = 0

const fault = (kind: ProtocolError['kind']): ProtocolError => ({ type: 'protocol-error', kind })

/** A link that lives, or one that does not. */
const linkOf = (rig: Rig, pick: number): number => [...rig.links.keys(), pick % 40][pick % (rig.links.size + 1)] ?? 0

const inputs = fc.oneof(
  fc
    .constantFrom<SessionInput>(
      { type: 'connect' },
      { type: 'network', online: true },
      { type: 'network', online: false },
    )
    .map((input) => (rig: Rig) => rig.put(input)),
  fc.constantFrom('a', 'b').map((channel) => (rig: Rig) => rig.put({ type: 'subscribe', channel, since: undefined })),
  fc.constantFrom('a', 'b').map((channel) => (rig: Rig) => rig.put({ type: 'unsubscribe', channel })),
  fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 40 })).map(([channel, count]) => (rig: Rig) => {
    for (let i = 0; i < count; i++)
      rig.put({ type: 'publish', id: `m${ids++}`, line: channel, fields: { channel, data: 1 }, bytes: 1 })
  }),
  fc.constant((rig: Rig) =>
    rig.put({ type: 'history', id: `h${ids++}`, line: 'a', fields: { channel: 'a', limit: 1 }, bytes: 0 }),
  ),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean()).map(([count, idempotent]) => (rig: Rig) => {
    for (let i = 0; i < count; i++) {
      const fields = { method: 'm', data: 1 }
      rig.put({ type: 'call', id: `c${ids++}`, line: '', fields, bytes: 1, timeoutMs: 9_000, idempotent })
    }
  }),
  fc.constantFrom('enter', 'leave', 'get').map((action) => (rig: Rig) => {
    const fields = { channel: 'a', action } as const
    const line = action === 'get' ? '\ta' : '\na'
    rig.put({ type: 'presence', id: `p${ids++}`, line, fields, bytes: 1 })
  }),
  fc.boolean().map((watched) => (rig: Rig) => rig.put({ type: 'watch', channel: 'a', watched })),
  fc.nat(50).map((n) => (rig: Rig) => {
    const id = [...rig.issued][n]
    if (id) rig.put({ type: 'abort', id })
  }),
)

const news = fc
  .tuple(
    fc.nat(200),
    fc.constantFrom<Exclude<SessionInput, { type: 'connect' }>>(
      { type: 'opened', link: 0 },
      { type: 'opened', link: 0 },
      { type: 'frame', link: 0, frame: fault('unsupported') },
      { type: 'frame', link: 0, frame: connected() },
      {
        type: 'frame',
        link: 0,
        frame: connected({ expiresInMs: 10, limits: { messageBytes: 4_000, channels: 1, inFlight: 2 } }),
      },
      { type: 'frame', link: 0, frame: { type: 'ping' } },
      { type: 'frame', link: 0, frame: { type: 'closing', code: 4000, reason: '', retryAfterMs: 500 } },
      { type: 'frame', link: 0, frame: publication('a', 'e', 4) },
      { type: 'frame', link: 0, frame: { type: 'rebase', channel: 'a', from: 'e', end: 9, to: 'f' } },
      { type: 'frame', link: 0, frame: { type: 'gap', channel: 'a', reason: 'trimmed', from: 4, to: 5, position } },
      { type: 'frame', link: 0, frame: { type: 'call', ref: 1, method: 'm' } },
      { type: 'frame', link: 0, frame: { type: 'cancel', ref: 1 } },
      { type: 'frame', link: 0, frame: { type: 'state', degraded: true } },
      { type: 'frame', link: 0, frame: { type: 'expiring', expiresInMs: 5 } },
      { type: 'frame', link: 0, frame: { type: 'join', channel: 'a', epoch: 'e', offset: 4, user: 'u', session: 's' } },
      {
        type: 'frame',
        link: 0,
        frame: { type: 'leave', channel: 'a', epoch: 'e', offset: 5, user: 'u', session: 's' },
      },
      { type: 'frame', link: 0, frame: { type: 'presence', channel: 'a', position, count: 0, members: [] } },
      { type: 'frame', link: 0, frame: { type: 'subscribed', channel: 'm', generation: 0, position, head: 3 } },
      {
        type: 'frame',
        link: 0,
        frame: { type: 'unsubscribed', channel: 'm', generation: 0, code: 'X', message: '' },
      },
      { type: 'frame', link: 0, frame: fault('malformed') },
      { type: 'closed', link: 0, code: 1006, reason: '' },
      { type: 'closed', link: 0, code: 1009, reason: '' },
      { type: 'closed', link: 0, code: 4002, reason: '' },
      { type: 'closed', link: 0, code: 4500, reason: '' },
      { type: 'closed', link: 0, code: 4501, reason: '' },
    ),
  )
  .map(
    ([pick, input]) =>
      (rig: Rig) =>
        rig.put({ ...input, link: linkOf(rig, pick) } as SessionInput),
  )

/** Answers that fit a question of the client. */
const answers = fc
  .tuple(
    fc.nat(200),
    fc.constantFrom('subscribed', 'UNAVAILABLE', 'FORBIDDEN', 'reply', 'result', 'OUT_OF_ORDER'),
    fc.nat(3),
  )
  .map(([pick, what, n]) => (rig: Rig) => {
    const link = [...rig.links.keys()][0] ?? 0
    const sub = [...rig.state.wishes.values()][pick % 2]
    const entry = [...rig.state.requests.values()].filter(({ ref }) => ref)[pick % 5]
    const failure = {
      code: what,
      message: '',
      ...(n === 0 && { retryAfterMs: 50 }),
      ...(entry?.seq && { expected: Math.max(1, entry.seq + 1 - n) }),
    }
    if (what === 'subscribed' && sub) {
      rig.put({
        type: 'frame',
        link,
        frame: { type: what, channel: sub.channel, generation: sub.generation - (n === 0 ? 1 : 0), position, head: 5 },
      })
    } else if (what === 'reply' && entry) {
      const reply = { type: what, ref: entry.ref, id: entry.id, position, count: 0, ...(n && { members: [] }) } as const
      rig.put({ type: 'frame', link, frame: reply })
    } else if (what === 'result' && entry) {
      rig.put({ type: 'frame', link, frame: { type: what, ref: entry.ref, data: n } })
    } else if (entry && n > 1) rig.put({ type: 'frame', link, frame: { type: 'error', ref: entry.ref, ...failure } })
    else if (sub)
      rig.put({
        type: 'frame',
        link,
        frame: { type: 'unsubscribed', channel: sub.channel, generation: sub.generation, ...failure },
      })
  })

const tokens = fc.tuple(fc.boolean(), fc.constantFrom('t', 't', 't', null), fc.nat(9)).map(
  ([right, token, n]) =>
    (rig: Rig) =>
      rig.put({
        type: 'token',
        attempt: (right && (rig.state.refreshing || rig.state.link?.id)) || 1_000 + n,
        token,
        final: n === 0,
      }),
)

const time = fc
  .tuple(fc.constantFrom(0, 1, 99, 600, 5_000, 36_000), fc.double({ min: 0, max: 0.999, noNaN: true }), fc.boolean())
  .map(([ms, chance, asleep]) => (rig: Rig) => {
    rig.chance = chance
    if (ms === 600) for (const link of rig.links.keys()) rig.put({ type: 'opened', link })
    if (ms === 600) for (const link of rig.links.keys()) rig.put({ type: 'frame', link, frame: connected() })
    if (asleep) rig.now += ms
    else rig.advance(ms)
  })

const moves: fc.Arbitrary<Move[]> = fc.array(fc.oneof(inputs, news, news, answers, answers, tokens, time, time), {
  maxLength: 120,
  size: 'max',
})

test.each([false, true])(
  'whatever happens, the laws of step hold (tokens are asked for: %s)',
  (asks) => {
    let connections = 0
    let stored = 0
    fc.assert(
      fc.property(moves, (moves) => {
        const rig = new Rig({ asks })
        for (const move of moves) move(rig)
        connections += rig.effects.filter(
          ([name, , what]) => name === 'send' && (what as { type: string }).type !== 'connect',
        ).length
        stored += [...rig.settled.values()].filter(({ error }) => !error).length
        rig.put({ type: 'close' })
        expect(rig.state.status, 'close() reaches closed in one step').toBe('closed')
        expect(rig.links.size).toBe(0)
        for (const id of rig.issued) expect(rig.settled.has(id)).toBe(true)
      }),
      { numRuns: 250 },
    )
    // The walks get somewhere, or the laws above say little.
    expect(connections).toBeGreaterThan(100)
    expect(stored).toBeGreaterThan(10)
  },
  30_000,
)
