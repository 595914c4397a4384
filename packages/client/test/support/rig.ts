import { expect } from 'vitest'
import { step } from '../../src/core/session-machine.js'
import { newSession, type SessionConfig, type SessionInput, type SessionState } from '../../src/core/session-state.js'
import type { Effect, TimerKey } from '../../src/core/turn.js'

const NEWS = new Set(['emit', 'position', 'settle', 'call', 'cancel'])
const RECONNECT = { minMs: 100, baseMs: 500, maxMs: 20_000, stableMs: 30_000 }

/** A session on virtual time that holds every step to the laws of `step`. */
export class Rig {
  readonly state: SessionState
  readonly effects: Effect[] = []
  /** Timers that are set, by whose they are, with when they are due. */
  readonly timers = new Map<TimerKey, number>()
  /** Links that were dialled and not ended, with whether they are connected. */
  readonly links = new Map<number, 'dialled' | 'opened' | 'connected'>()
  readonly issued = new Set<string>()
  readonly settled = new Map<string, { readonly error: string | undefined; readonly value: unknown }>()
  now = 0
  chance = 0.5
  private dials = 0
  private retried = false

  constructor(config: Partial<SessionConfig> = {}) {
    this.state = newSession({
      url: 'wss://example.test',
      producer: 'p'.repeat(22),
      token: undefined,
      asks: false,
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 10_000,
      lingerMs: 1_000,
      reconnect: RECONNECT,
      outbox: { messages: 1_000, bytes: 1_048_576, ageMs: 60_000 },
      ...config,
    })
  }

  put(input: SessionInput): readonly Effect[] {
    const late = 'link' in input && !this.links.has(input.link)
    const wasClosed = this.state.status === 'closed'
    const before = late ? JSON.stringify(this.state) : ''
    if ('fields' in input) this.issued.add(input.id)
    if (input.type === 'opened' && this.links.get(input.link) === 'dialled') this.links.set(input.link, 'opened')
    if (input.type === 'closed') this.links.delete(input.link)
    if (input.type === 'frame' && input.frame?.type === 'connected' && this.links.get(input.link) === 'opened') {
      this.links.set(input.link, 'connected')
    }
    if (input.type === 'timer' && input.name === 'retry') this.retried = true

    const { effects } = step(this.state, input, this.now, this.chance)

    const names = effects.map(([name]) => name)
    const firstNews = names.findIndex((name) => NEWS.has(name))
    expect(firstNews < 0 || names.slice(firstNews).every((name) => NEWS.has(name)), 'news come last').toBe(true)
    if (late) {
      expect(effects, 'late news change nothing').toEqual([])
      expect(JSON.stringify(this.state), 'late news change nothing').toBe(before)
    }
    if (wasClosed)
      expect(
        names.filter((name) => !NEWS.has(name)),
        'closed is final',
      ).toEqual([])
    for (const effect of effects) this.apply(effect)
    this.effects.push(...effects)

    const strays = [...this.timers.keys()].filter((name) => !this.state.timers.has(name))
    expect([strays, this.timers.size], 'the machine knows its timers').toEqual([[], this.state.timers.size])
    if (this.state.status === 'closed') expect([...this.timers.keys()], 'closed leaves no timer').toEqual([])
    const entries = this.state.requests
    const sent = [...entries.values()].filter(({ state }) => state === 'sent').length
    const settled = [...this.issued].filter((id) => this.settled.has(id)).length
    // What presence asks again on each link was not issued by the application.
    const again = [...entries.keys()].filter((id) => !this.issued.has(id) || this.settled.has(id)).length
    expect(entries.size - again - sent + sent + settled, 'queued + sent + settled = issued').toBe(this.issued.size)
    expect(this.state.queuedBytes).toBe([...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0))
    const flying = new Map<string, number>()
    for (const { ref, line, type } of entries.values())
      if (ref && type !== 'history') flying.set(line, (flying.get(line) ?? 0) + 1)
    for (const [line, count] of flying) if (/^[\n\t]/.test(line)) expect(count, 'presence, one by one').toBe(1)
    const window = Math.min(64, this.state.connected?.limits.inFlight ?? 64)
    expect(Math.max(0, ...flying.values()), 'never more than the window in flight').toBeLessThanOrEqual(window)
    return effects
  }

  /** Lets time pass up to the next timer, or as long as told; fires what is due. */
  advance(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = [...this.timers].sort(([, a], [, b]) => a - b)[0]
      if (!next || next[1] > end) break
      this.now = Math.max(this.now, next[1])
      this.timers.delete(next[0])
      this.put({ type: 'timer', name: next[0] })
    }
    this.now = end
  }

  private apply(effect: Effect): void {
    switch (effect[0]) {
      case 'dial':
        if (this.dials++ > 0) expect(this.retried, 'every dial after the first follows the back-off').toBe(true)
        this.retried = false
        this.links.set(effect[1], 'dialled')
        break
      case 'hangup':
        expect(this.links.has(effect[1]), 'only live links are hung up').toBe(true)
        this.links.delete(effect[1])
        break
      case 'send': {
        const [, link, frame] = effect
        const phase = frame.type === 'connect' ? 'opened' : 'connected'
        expect(this.links.get(link), `${frame.type} is sent when the link is ${phase}`).toBe(phase)
        break
      }
      case 'timer': {
        const [, name, ms] = effect
        if (ms === undefined) {
          this.timers.delete(name)
          break
        }
        if (name === 'retry') expect(ms).toBeGreaterThanOrEqual(this.timers.has('retry') ? 0 : RECONNECT.minMs)
        this.timers.set(name, this.now + ms)
        break
      }
      case 'settle':
        // What presence asks again on each link has nobody who waits for it.
        if (!this.issued.has(effect[1]) || (effect[1].startsWith('p') && this.settled.has(effect[1]))) break
        expect(this.settled.has(effect[1]), 'nothing is settled twice').toBe(false)
        this.settled.set(effect[1], { error: effect[2]?.code, value: effect[3] })
        break
      case 'token':
      case 'emit':
      case 'position':
      case 'call':
      case 'cancel':
        break
    }
  }
}
