import { judge, NULL_POSITION, type Position } from '@org/realtime-protocol'
import { array, assert, asyncProperty, constantFrom, nat, record } from 'fast-check'
import { expect, test } from 'vitest'
import type { PresenceChange, RealtimeServer } from '../../src/index.js'
import { deafNode } from '../../src/testing/index.js'
import type { FrameOf, MemoryLink } from '../support/memory-link.js'
import { room } from '../support/presence-room.js'

/** A member of the model: a client that resumes its session, and says what it is present with. */
interface Person {
  readonly name: string
  link: MemoryLink | undefined
  session: string
  shown: number | undefined
}

/** A watching client: a list, and the changes that follow it. A hole has it watch again. PROTOCOL.md §3.9. */
class Observer {
  private position: Position = NULL_POSITION
  private readonly members = new Map<string, unknown>()
  private asked = 0
  private answered = 0

  constructor(readonly link: MemoryLink) {
    this.watch()
  }

  get seen(): unknown {
    return Object.fromEntries([...this.members].sort())
  }

  /** Takes what was heard. */
  hear(): void {
    for (const frame of this.link.take()) {
      if (frame.type === 'reply' && frame.members) {
        this.answered = frame.ref
        this.replace(frame)
      } else if (frame.type === 'presence') this.replace(frame)
      else if (frame.type === 'join' || frame.type === 'leave') this.change(frame)
    }
  }

  private watch(): void {
    this.link.tell({ type: 'presence', ref: ++this.asked, channel: 'c', action: 'watch' })
  }

  private replace({ position, members }: Pick<FrameOf<'presence'>, 'position' | 'members'>): void {
    this.position = position
    this.members.clear()
    for (const { session, data } of members ?? []) this.members.set(session, data)
  }

  private change(frame: FrameOf<'join' | 'leave'>): void {
    if (this.answered < this.asked) return
    const verdict = judge(this.position, frame)
    if (verdict === 'hold') return this.watch()
    if (verdict === 'drop') return
    this.position = { epoch: frame.epoch, offset: frame.offset }
    if (frame.type === 'join') this.members.set(frame.session, frame.data)
    else this.members.delete(frame.session)
  }
}

const step = record({
  act: constantFrom(
    'enter',
    'enter',
    'leave',
    'cut',
    'cut',
    'return',
    'goodbye',
    'kill',
    'replicate',
    'fail over',
    'lose',
    'wait',
    'rush',
  ),
  person: nat(5),
  node: nat(2),
  value: nat(3),
})

test('whatever happens, a list and the changes after it are the truth: the sessions that live and have entered', async () => {
  await assert(
    asyncProperty(array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const { backend, clock, mortalNode, node, link } = room()
      const watched = node()
      const changes: PresenceChange[] = []
      const feed = backend.join({ ...deafNode, presenceChanged: (_, change) => void changes.push(change) })
      await feed.presence.watch('c')
      let replica = backend.checkpoint()

      let nodes = [mortalNode(), mortalNode(), mortalNode()]
      const people: Person[] = Array.from({ length: 6 }, (_, i) => ({
        name: `p${i}`,
        link: undefined,
        session: '',
        shown: undefined,
      }))
      const observers = [new Observer(await connect(watched)), new Observer(await connect(watched))]
      const homes = new Map<MemoryLink, number>()

      async function connect(to: RealtimeServer): Promise<MemoryLink> {
        const watching = link(to)
        await watching.connect()
        return watching
      }
      /** A next link, which enters again at once, as clients do. */
      async function comeBack(person: Person, home: number): Promise<void> {
        const known = person.link?.all('connected').at(-1)?.session
        const next = link(nodes[home]?.server)
        await next.connect({ token: person.name, ...(known ? { session: known } : {}) })
        person.link = next
        person.session = next.only('connected').session.id
        homes.set(next, home)
        if (person.shown !== undefined) await enter(person)
      }
      const enter = (person: Person) =>
        person.link?.say({ type: 'presence', ref: 900, channel: 'c', action: 'enter', data: person.shown })
      async function live(ms: number): Promise<void> {
        for (let left = ms; left > 0; left -= 2_000) {
          for (const { link: to } of observers) to.trickle()
          for (const person of people) if (person.link && !person.link.end) person.link.trickle()
          await clock.advance(Math.min(2_000, left))
          for (const observer of observers) observer.hear()
        }
      }

      for (const { act, person: who, node: home, value } of steps) {
        const person = people[who]
        if (!person) continue
        const isOn = person.link !== undefined && !person.link.end
        switch (act) {
          case 'enter':
            person.shown = value
            if (isOn) await enter(person)
            else await comeBack(person, home)
            break
          case 'leave':
            person.shown = undefined
            if (isOn) await person.link?.say({ type: 'presence', ref: 901, channel: 'c', action: 'leave' })
            break
          case 'cut':
            if (isOn) await person.link?.cut()
            break
          case 'return':
            await comeBack(person, home)
            break
          case 'goodbye':
            person.shown = undefined
            if (isOn) await person.link?.say({ type: 'goodbye' })
            break
          case 'kill': {
            nodes[home]?.kill()
            for (const one of people) if (one.link && homes.get(one.link) === home) await one.link.cut()
            nodes = nodes.map((one, i) => (i === home ? mortalNode() : one))
            break
          }
          case 'fail over':
            backend.failOver()
            await clock.settle()
            break
          case 'replicate':
            replica = backend.checkpoint()
            break
          case 'lose':
            backend.failOver(replica)
            await clock.settle()
            break
          case 'wait':
            await live(5_000 * (value + 1))
            break
          case 'rush':
            await live(100 * value)
        }
        for (const observer of observers) observer.hear()
      }
      await live(150_000)

      const present = people.filter(({ link: to, shown }) => to && !to.end && shown !== undefined)
      const truth = Object.fromEntries(present.map(({ session, shown }) => [session, shown] as const).sort())
      for (const observer of observers) expect(observer.seen).toEqual(truth)
      const listed = (await watched.presence('c')).members ?? []
      expect(Object.fromEntries(listed.map(({ session, data }) => [session, data] as const).sort())).toEqual(truth)
      expectLawful(changes)
    }),
    { numRuns: 100 },
  )
}, 60_000)

/** Within an epoch: positions without a hole, and leaves only of who was there. Before it, more may have been. */
function expectLawful(changes: readonly PresenceChange[]): void {
  let last: Position = NULL_POSITION
  let gone = new Set<string>()
  for (const { position, kind, member } of changes) {
    if (position.epoch === last.epoch) expect(position.offset).toBe(last.offset + 1)
    else gone = new Set()
    last = position
    if (kind === 'join') gone.delete(member.session)
    else {
      expect(gone.has(member.session)).toBe(false)
      gone.add(member.session)
    }
  }
}
