import type { ClientFrame, PresenceMember, ServerFrame } from '@org/realtime-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Rig } from '../support/rig.js'
import { connected } from '../support/world.js'

/** A server's presence of one channel, which loses some of what it tells and some of its links, and a client of it. */
class Walk {
  readonly rig = new Rig()
  readonly members = new Map<string, PresenceMember>()
  /** What a listener would hold who only heard `join` and `leave` after the first list. */
  readonly heard = new Set<string>()
  list: readonly PresenceMember[] | undefined
  count: number | undefined
  listed = 100
  private offset = 0
  private epoch = 'e'
  private link = 0
  private watching = false
  private frames: ServerFrame[] = []
  private seen = 0

  constructor() {
    this.rig.put({ type: 'connect' })
    this.connect()
    this.rig.put({ type: 'watch', channel: 'room', watched: true })
    this.collect()
  }

  join(session: string, user: string | null, data: number): void {
    const member = { user, session, data }
    this.members.delete(session)
    this.members.set(session, member)
    this.tell({ type: 'join', channel: 'room', epoch: this.epoch, offset: ++this.offset, ...member })
  }

  leave(n: number): void {
    const member = [...this.members.values()][n]
    if (!member) return
    this.members.delete(member.session)
    const { user, session } = member
    this.tell({ type: 'leave', channel: 'room', epoch: this.epoch, offset: ++this.offset, user, session })
  }

  /** The next thing the server said arrives, or is lost. */
  deliver(lost = false): void {
    const frame = this.frames.shift()
    if (frame && (!lost || frame.type === 'reply')) this.rig.put({ type: 'frame', link: this.link, frame })
    this.collect()
  }

  /** Another history takes over: offsets begin anew. */
  failover(): void {
    this.epoch += 'e'
    this.offset = 0
  }

  snapshot() {
    const position = { epoch: this.epoch, offset: this.offset }
    const members = this.members.size <= this.listed ? [...this.members.values()] : undefined
    return { position, count: this.members.size, ...(members && { members }) }
  }

  /** The server tells all there is, as it does when a slow link has room again. */
  refresh(): void {
    this.tell({ type: 'presence', channel: 'room', ...this.snapshot() })
  }

  cut(): void {
    this.rig.put({ type: 'closed', link: this.link, code: 1006, reason: '' })
    this.connect()
  }

  settle(): void {
    this.join('last', 'last', 0)
    this.join('last', 'last', 1)
    // Time for the longest back-off, and less than what makes a link a dead one.
    for (let seconds = 0; seconds < 25; seconds++) {
      while (this.frames.length) this.deliver()
      this.rig.advance(1_000)
      this.collect()
    }
  }

  private tell(frame: ServerFrame): void {
    if (this.watching) this.frames.push(frame)
  }

  private connect(): void {
    this.frames = []
    this.watching = false
    for (let i = 0; !this.rig.links.size && i < 100; i++) this.rig.advance(1_000)
    this.link = [...this.rig.links.keys()][0] ?? 0
    this.rig.put({ type: 'opened', link: this.link })
    this.rig.put({ type: 'frame', link: this.link, frame: connected() })
    this.collect()
  }

  private collect(): void {
    const news = this.rig.effects.slice(this.seen)
    this.seen = this.rig.effects.length
    for (const effect of news) {
      if (effect[0] === 'send') this.serve(effect[2])
      if (effect[0] === 'emit') this.hear(effect[1], effect[2])
    }
  }

  private serve(frame: ClientFrame): void {
    if (frame.type !== 'presence' || frame.action !== 'watch') return
    this.watching = true
    this.frames.push({ type: 'reply', ref: frame.ref, ...this.snapshot() })
  }

  private hear(event: string, detail: object): void {
    const { user, session } = detail as PresenceMember
    const key = user ?? session
    if (event === 'join') {
      expect(this.heard.has(key), 'nobody joins twice').toBe(false)
      this.heard.add(key)
    } else if (event === 'leave') expect(this.heard.delete(key), 'only who is there leaves').toBe(true)
    else if (event === 'presence') {
      const { count, members } = detail as { count: number; members?: readonly PresenceMember[] }
      this.count = count
      const known = this.list !== undefined
      this.list = members
      const keys = (members ?? []).map(({ user, session }) => user ?? session)
      if (known && members) expect([...this.heard].sort(), 'events and list agree').toEqual([...keys].sort())
      this.heard.clear()
      for (const key of keys) this.heard.add(key)
    }
  }
}

const users = fc.constantFrom<string | null>('ada', 'bob', null)
const joins = fc.tuple(fc.nat(4), users, fc.nat(9))
const moves = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: joins.map(
        ([n, user, data]) =>
          (walk: Walk) =>
            walk.join(`${user ?? 'x'}${n}`, user, data),
      ),
    },
    { weight: 4, arbitrary: fc.nat(6).map((n) => (walk: Walk) => walk.leave(n)) },
    { weight: 8, arbitrary: fc.constant((walk: Walk) => walk.deliver()) },
    { weight: 1, arbitrary: fc.constant((walk: Walk) => walk.deliver(true)) },
    { weight: 1, arbitrary: fc.constant((walk: Walk) => walk.failover()) },
    { weight: 1, arbitrary: fc.constant((walk: Walk) => walk.refresh()) },
    { weight: 1, arbitrary: fc.constant((walk: Walk) => walk.cut()) },
  ),
  { maxLength: 80, size: 'max' },
)

test('through lost changes, lost links and other histories, who is present is known in the end, and joins and leaves add up', () => {
  fc.assert(
    fc.property(moves, fc.constantFrom(3, 100), (moves, listed) => {
      const walk = new Walk()
      walk.listed = listed
      for (const move of moves) move(walk)
      walk.listed = 100
      walk.failover()
      walk.settle()
      const last = new Map([...walk.members.values()].map((member) => [member.user ?? member.session, member]))
      expect(new Map(walk.list?.map((member) => [member.user ?? member.session, member]))).toEqual(last)
      expect(walk.count).toBe(walk.members.size)
    }),
    { numRuns: 300 },
  )
})
