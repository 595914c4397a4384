import { judge, type Position, type ServerFrame, type SubscribeFrame } from '@org/realtime-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GapEvent, Message } from '../../src/index.js'
import {
  ask,
  newSubscription,
  stepSubscription,
  type ChannelFrame,
  type Subscription,
} from '../../src/core/subscription-machine.js'
import { begin, type Ledger } from '../../src/core/turn.js'
import { ModelLog } from '../support/model-log.js'

/** The server's side of one link that feeds the subscription. */
interface Feed {
  readonly link: number
  /** On their way to the client. */
  readonly frames: ServerFrame[]
  /** On their way to the server. */
  readonly requests: SubscribeFrame[]
  /** Position of the last publication sent. */
  last: Position
}

/** One subscription, fed by two links that serve one log. */
class Walk {
  readonly log = new ModelLog()
  readonly feeds: readonly Feed[]
  readonly told: Array<{ readonly message: Message } | { readonly gap: GapEvent }> = []
  private readonly sub: Subscription
  private readonly ledger: Ledger = { count: 10, timers: new Map() }
  private effects: ReturnType<typeof begin> = [[], []]
  private place: Position | undefined

  constructor(links: number) {
    this.log.publish()
    this.log.publish()
    const start = { epoch: 'e0', offset: 1 }
    this.begin()
    this.sub = newSubscription('room', start)
    this.feeds = Array.from({ length: links }, (_, i) => ({
      link: i + 1,
      frames: this.log.after(start),
      requests: [],
      last: this.at(),
    }))
    // All links are attached already: the first answer came.
    this.ask(1)
    const asked = this.feeds[0]?.requests.pop()
    this.step({ type: 'subscribed', channel: 'room', generation: asked?.generation ?? 0, position: start, head: 2 }, 1)
  }

  publish(): void {
    const frame = this.log.publish()
    for (const feed of this.feeds) this.send(feed, [frame])
  }

  change(how: (log: ModelLog) => void): void {
    how(this.log)
    for (const feed of this.feeds) this.send(feed, this.log.changed(feed.last))
  }

  serve(feed: Feed): void {
    const request = feed.requests.shift()
    if (request) this.send(feed, this.log.subscribed(request.generation, request.since as Position))
  }

  receive(feed: Feed): void {
    const frame = feed.frames.shift()
    if (frame) this.step(frame as ChannelFrame, feed.link)
  }

  lose(feed: Feed): void {
    if (feed.frames[0]?.type !== 'subscribed') feed.frames.shift()
  }

  /** The back-off of a recovery is over. */
  retry(link: number): void {
    if (this.ledger.timers.delete(this.sub) && !this.sub.link) this.ask(link)
  }

  /** Nothing happens any more but what is under way. */
  settle(): void {
    for (let i = 0; i < 5; i++) {
      this.publish()
      for (let busy = true; busy; ) {
        busy = false
        for (const feed of this.feeds) {
          while (feed.frames.length || feed.requests.length) {
            busy = true
            this.receive(feed)
            this.serve(feed)
          }
        }
        if (this.ledger.timers.size) this.retry(1)
      }
    }
  }

  check(): void {
    const { truth } = this.log
    const ids = this.told.flatMap((each) => ('message' in each ? [each.message.id] : []))
    expect(new Set(ids).size, 'no message comes twice').toBe(ids.length)
    const gaps = this.told.flatMap((each) => ('gap' in each ? [each.gap] : []))
    const covers = (gap: GapEvent, offset: number) => gap.from <= offset && offset <= gap.to
    const unbounded = gaps.some(({ reason }) => reason === 'epoch' || reason === 'unknown')
    for (const { id, offset } of truth.slice(1)) {
      if (ids.includes(id) || unbounded) continue
      expect(
        gaps.some((gap) => gap.reason === 'trimmed' && covers(gap, offset)),
        `${id} came or is told missing`,
      ).toBe(true)
    }
    for (const [i, each] of this.told.entries()) {
      if (!('message' in each) || truth[each.message.offset - 1]?.id === each.message.id) continue
      const later = this.told.slice(i).flatMap((other) => ('gap' in other ? [other.gap] : []))
      expect(
        later.some((gap) => (gap.reason === 'rollback' ? covers(gap, each.message.offset) : gap.reason !== 'trimmed')),
        `${each.message.id} is told to be gone`,
      ).toBe(true)
    }
  }

  private at(): Position {
    return { epoch: this.log.epoch, offset: this.log.head }
  }

  private send(feed: Feed, frames: readonly ServerFrame[]): void {
    feed.frames.push(...frames)
    feed.last = this.at()
  }

  private begin(): void {
    this.effects = begin(0, 0, this.ledger, { minMs: 0, baseMs: 0, maxMs: 0 })
  }

  private ask(link: number): void {
    this.begin()
    ask(this.sub, link)
    this.apply()
  }

  private step(input: ChannelFrame, link: number): void {
    this.begin()
    stepSubscription(this.sub, input, link)
    this.apply()
  }

  private apply(): void {
    const [deeds, news] = this.effects
    for (const [name, to, frame] of deeds) {
      if (name === 'send' && frame.type === 'subscribe') this.feeds[to - 1]?.requests.push(frame)
    }
    for (const told of news) {
      if (told[0] === 'position') this.place = told[2]
      if (told[0] !== 'emit') continue
      if (told[1] === 'message') {
        const message = told[2] as Message
        expect(judge(this.place as Position, message), 'deliveries are contiguous').toBe('deliver')
        this.told.push({ message })
      }
      if (told[1] === 'gap') this.told.push({ gap: told[2] as GapEvent })
    }
  }
}

const which = fc.nat(1)
const feedOf = (walk: Walk, n: number): Feed => walk.feeds[n % walk.feeds.length] as Feed

const moves = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant((walk: Walk) => walk.publish()) },
    { weight: 12, arbitrary: which.map((n) => (walk: Walk) => walk.receive(feedOf(walk, n))) },
    { weight: 3, arbitrary: which.map((n) => (walk: Walk) => walk.serve(feedOf(walk, n))) },
    { weight: 1, arbitrary: which.map((n) => (walk: Walk) => walk.lose(feedOf(walk, n))) },
    { weight: 1, arbitrary: which.map((n) => (walk: Walk) => walk.retry(feedOf(walk, n).link)) },
    { weight: 1, arbitrary: fc.nat(2).map((lost) => (walk: Walk) => walk.change((log) => log.failOver(lost))) },
    { weight: 1, arbitrary: fc.nat(3).map((count) => (walk: Walk) => walk.log.trim(count)) },
  ),
  { maxLength: 80, size: 'max' },
)

test.each([1, 2])(
  'fed by %i link(s), through losses, failovers and trims, every message comes once or is told',
  (links) => {
    const reasons = new Set<string>()
    let messages = 0
    fc.assert(
      fc.property(moves, fc.boolean(), (moves, reset) => {
        const walk = new Walk(links)
        for (const move of moves) move(walk)
        if (reset) walk.change((log) => log.reset())
        walk.settle()
        walk.check()
        for (const each of walk.told) {
          if ('gap' in each) reasons.add(each.gap.reason)
          else messages++
        }
      }),
      { numRuns: 600 },
    )
    expect([...reasons].sort()).toEqual(['epoch', 'rollback', 'trimmed'])
    expect(messages).toBeGreaterThan(1_000)
  },
)
