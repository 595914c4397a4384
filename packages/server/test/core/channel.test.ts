import { clientCodec, DEFAULT_LIMITS, isProtocolError, type ServerFrame } from '@org/realtime-protocol'
import { describe, expect, test } from 'vitest'
import { Hub } from '../../src/core/hub.js'
import type { LogChannel } from '../../src/core/log-channel.js'
import { Upkeep } from '../../src/core/upkeep.js'
import { Subscription, type SubscriberLink } from '../../src/core/subscription.js'
import type { EncodedFrame } from '../../src/index.js'
import { CountingRandom } from '../support/counting-random.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { ScriptedBroker } from '../support/scripted-broker.js'
import { VirtualClock } from '../../src/testing/index.js'

/** A subscriber's link that a test makes full and empty again. */
class Listener implements SubscriberLink {
  readonly frames: ServerFrame[] = []
  congested = false

  offer(frame: EncodedFrame): boolean {
    if (this.congested) return false
    this.send(frame)
    return true
  }

  send(frame: EncodedFrame): void {
    const decoded = clientCodec.decode(frame.text)
    if (isProtocolError(decoded)) throw new Error(frame.text)
    this.frames.push(decoded)
  }

  /** What was heard, shortly: `E1-4` for a publication, else the type. */
  get heard(): string[] {
    return this.frames.map((frame) =>
      frame.type === 'publication'
        ? `${frame.epoch}-${frame.offset}:${String(frame.data)}`
        : frame.type === 'gap'
          ? `gap ${frame.reason} ${frame.from}..${frame.to}`
          : frame.type,
    )
  }
}

function setUp() {
  const clock = new VirtualClock()
  const broker = new ScriptedBroker()
  const logger = new RecordingLogger()
  const hub = new Hub({
    broker,
    clock,
    logger,
    upkeep: new Upkeep({ clock, random: new CountingRandom() }),
    limits: DEFAULT_LIMITS,
    writeDelayMs: 0,
    modeOf: () => 'log',
    instruments: { slow: 0, dropped: 0 },
  })
  return {
    clock,
    broker,
    logger,
    hub,
    /** Joins a listener at the end of what the channel has. */
    join(link = new Listener()) {
      const channel = hub.join('c') as LogChannel
      const subscription = new Subscription(channel, link, 1)
      subscription.position = channel.position
      subscription.channel.fill(subscription)
      return { link, subscription, channel }
    },
    /** Hands a message to the node, as the broker does. */
    deliver: (offset: number) => hub.deliver('c', broker.epoch, [broker.at(offset)]),
  }
}

/** A channel with so many messages, live, with one listener. */
async function live(messages = 0) {
  const tools = setUp()
  if (messages > 0) tools.broker.append(messages)
  const joined = tools.join()
  await tools.clock.settle()
  expect(joined.channel.isLive).toBe(true)
  joined.link.frames.length = 0
  tools.broker.reads.length = 0
  return { ...tools, ...joined }
}

const messages = (epoch: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${epoch}-${from + i}:${epoch}-${from + i}`)

describe('opening', () => {
  test('what arrives before the position is known is held, and what the reading holds already is dropped', async () => {
    const { broker, join, deliver, clock } = setUp()
    broker.append(2)
    broker.subscribing.close()
    const { link, channel } = join()
    await clock.settle()
    expect([channel.isLive, broker.reads.length]).toEqual([false, 0])
    broker.reading.close()
    broker.subscribing.open()
    await clock.settle()
    // The reading of the node and that of the subscriber, at the same place, are under way.
    broker.append()
    deliver(3)
    expect(link.heard).toEqual([])
    broker.reading.open()
    await clock.settle()
    expect(channel.position).toEqual({ epoch: 'E1', offset: 3 })
    expect(channel.isLive).toBe(true)
  })

  test('a channel nobody has written to is live at the null position, and takes the first message of any epoch', async () => {
    const { link, channel, broker, deliver } = await live()
    expect(channel.position).toEqual({ epoch: '', offset: 0 })
    broker.append()
    deliver(1)
    expect(link.heard).toEqual(['E1-1:E1-1'])
    expect(broker.reads).toEqual([])
  })

  test('a reading for a subscriber that knows more than that of the node has the node read again', async () => {
    const { broker, hub, clock } = setUp()
    broker.append(2)
    const held: Array<() => void> = []
    const recover = broker.recover.bind(broker)
    broker.recover = async (channel, since, limit) => {
      const recovery = await recover(channel, since, limit)
      if (since === undefined) await new Promise<void>((resolve) => held.push(resolve))
      return recovery
    }
    const channel = hub.join('c') as LogChannel
    await clock.settle()
    // The node has read that the log ends at 2; the word of what comes now is lost.
    broker.append()
    const link = new Listener()
    const subscription = new Subscription(channel, link, 1)
    subscription.position = { epoch: 'E1', offset: 1 }
    channel.fill(subscription)
    await clock.settle()
    expect([channel.isLive, link.heard]).toEqual([false, messages('E1', 2, 3)])
    for (const letThrough of held) letThrough()
    await clock.settle()
    expect([channel.isLive, channel.position]).toEqual([true, { epoch: 'E1', offset: 3 }])
    expect(subscription.live).toBe(true)
    expect(link.heard).toEqual(messages('E1', 2, 3))
  })

  test('a broker that fails is asked again until it answers, later each time, and nothing is lost', async () => {
    const { broker, join, deliver, clock, logger } = setUp()
    broker.failures = 6
    const { link, channel } = join()
    await clock.advance(100)
    await clock.advance(200)
    expect(logger.of('error').length).toBeGreaterThanOrEqual(3)
    expect(channel.isLive).toBe(false)
    await clock.advance(400 + 800 + 1_600 + 3_000)
    expect([channel.isLive, broker.subscribed]).toEqual([true, 1])
    broker.append()
    deliver(1)
    expect(link.heard).toEqual(['E1-1:E1-1'])
  })
})

describe('live', () => {
  test('the next message is broadcast to every subscriber, encoded once', async () => {
    const { join, broker, deliver, clock, hub } = await live(3)
    const frames: EncodedFrame[] = []
    for (let i = 0; i < 3; i++) {
      const link: SubscriberLink = {
        congested: false,
        offer: (frame) => (frames.push(frame), true),
        send: (frame) => void frames.push(frame),
      }
      const channel = hub.join('c') as LogChannel
      const subscription = new Subscription(channel, link, 1)
      subscription.position = channel.position
      channel.fill(subscription)
    }
    join()
    await clock.settle()
    broker.append()
    deliver(4)
    expect(frames).toHaveLength(3)
    expect(new Set(frames).size).toBe(1)
  })

  test('a repeated message is dropped', async () => {
    const { link, broker, deliver } = await live()
    broker.append(2)
    for (const offset of [1, 1, 2, 1, 2]) deliver(offset)
    expect(link.heard).toEqual(messages('E1', 1, 2))
  })

  test('a hole is read once, and everything comes in order', async () => {
    const { link, broker, deliver, clock } = await live(2)
    broker.append(4)
    broker.reading.close()
    deliver(5)
    deliver(6)
    expect(link.heard).toEqual([])
    broker.reading.open()
    await clock.settle()
    expect(link.heard).toEqual(messages('E1', 3, 6))
    expect(broker.reads).toEqual([{ epoch: 'E1', offset: 2 }])
  })

  test('what arrives while a hole is read is merged by position', async () => {
    const { link, broker, deliver, clock } = await live(2)
    broker.append(2)
    broker.reading.close()
    deliver(4)
    await clock.settle()
    // Published after the reading was judged.
    broker.append(2)
    deliver(5)
    deliver(6)
    broker.reading.open()
    await clock.settle()
    expect(link.heard).toEqual(messages('E1', 3, 6))
  })

  test('a hole larger than a page is read page by page', async () => {
    const { link, broker, deliver, clock } = await live(2)
    broker.append(250)
    deliver(252)
    await clock.settle()
    expect(link.heard).toEqual(messages('E1', 3, 252))
    expect(broker.reads).toHaveLength(3)
  })

  test('more arrivals than can be held, while a reading takes its time, cost no message', async () => {
    const { link, broker, deliver, clock } = await live(1)
    broker.reading.close()
    broker.append(2)
    deliver(3)
    await clock.settle()
    broker.append(1_500)
    for (let offset = 4; offset <= 1_503; offset++) deliver(offset)
    broker.reading.open()
    await clock.settle()
    expect(link.heard).toEqual(messages('E1', 2, 1_503))
  })

  test('a broker that fails while a hole is read is asked again; what came meanwhile follows', async () => {
    const { link, broker, deliver, clock } = await live(1)
    broker.append(2)
    broker.failures = 2
    deliver(3)
    await clock.settle()
    broker.append()
    deliver(4)
    expect(link.heard).toEqual([])
    await clock.advance(300)
    expect(link.heard).toEqual(messages('E1', 2, 4))
  })

  test('another epoch that lost nothing is told as one rebase, before its first message', async () => {
    const { link, broker, deliver, clock } = await live(2)
    broker.rotate('E2')
    broker.append()
    deliver(3)
    await clock.settle()
    expect(link.heard).toEqual(['rebase', 'E2-3:E2-3'])
    expect(link.frames[0]).toMatchObject({ from: 'E1', end: 2, to: 'E2' })
  })

  test('another epoch that lost something is told as a gap, and its messages follow, lower offsets too', async () => {
    const { link, broker, deliver, clock } = await live(5)
    broker.rotate('E2', 3)
    broker.append()
    deliver(4)
    await clock.settle()
    expect(link.heard).toEqual(['gap rollback 4..5', 'E2-4:E2-4'])
  })

  test('what was rolled back is not served from the ring afterwards', async () => {
    const { hub, broker, deliver, clock } = await live()
    broker.append(5)
    for (let offset = 1; offset <= 5; offset++) deliver(offset)
    broker.rotate('E2', 3)
    broker.append()
    deliver(4)
    await clock.settle()
    const late = new Listener()
    const subscription = new Subscription(hub.join('c'), late, 1)
    subscription.position = { epoch: 'E2', offset: 2 }
    subscription.channel.fill(subscription)
    await clock.settle()
    expect(late.heard).toEqual(['E2-3:E1-3', 'E2-4:E2-4'])
  })

  test('a stray of an epoch that is over is dropped, and never delivered', async () => {
    const { link, broker, clock, hub } = await live(3)
    const stray = broker.append()
    broker.rotate('E2', 3)
    broker.append()
    hub.resync()
    await clock.settle()
    link.frames.length = 0
    broker.reads.length = 0
    hub.deliver('c', 'E1', [stray])
    await clock.settle()
    expect(link.heard).toEqual([])
    expect(broker.reads).toHaveLength(1)
    broker.append()
    hub.deliver('c', 'E2', [broker.at(5)])
    expect(link.heard).toEqual(['E2-5:E2-5'])
  })

  test('a newer epoch that shows up while an older one is read takes a second reading', async () => {
    const { link, broker, deliver, clock } = await live(2)
    broker.append(2)
    broker.reading.close()
    deliver(4)
    await clock.settle()
    broker.rotate('E2', 3)
    broker.append()
    deliver(4)
    broker.reading.open()
    await clock.settle()
    expect(link.heard).toEqual([...messages('E1', 3, 4), 'gap rollback 4..4', 'E2-4:E2-4'])
  })

  test('a resync of a channel at its head tells nobody anything', async () => {
    const { link, broker, hub, clock, channel } = await live(3)
    hub.resync()
    expect(channel.isLive).toBe(false)
    await clock.settle()
    expect([channel.isLive, broker.reads.length, link.heard]).toEqual([true, 1, []])
  })

  test('a resync finds what was lost on the way to this node', async () => {
    const { link, broker, hub, clock } = await live(3)
    broker.append(2)
    hub.resync()
    await clock.settle()
    expect(link.heard).toEqual(messages('E1', 4, 5))
  })

  test('word that the log ends elsewhere finds what was lost; that it ends here costs no reading', async () => {
    const { hub, broker, link, clock, channel } = await live(2)
    hub.verify('c', { epoch: 'E1', offset: 2 })
    await clock.settle()
    expect(broker.reads).toEqual([])
    broker.append(2)
    hub.verify('c', { epoch: 'E1', offset: 4 })
    await clock.settle()
    expect(link.heard).toEqual(messages('E1', 3, 4))
    broker.rotate('E2', 3)
    hub.verify('c', { epoch: 'E1', offset: 3 })
    await clock.settle()
    expect(link.heard.at(-1)).toBe('gap rollback 4..4')
    expect(channel.position).toEqual({ epoch: 'E2', offset: 3 })
    hub.verify('nobody', { epoch: 'E1', offset: 1 })
  })

  test('two resyncs at once lead to one verification after the other, not to two side by side', async () => {
    const { broker, hub, clock } = await live(3)
    broker.reading.close()
    hub.resync()
    hub.resync()
    hub.resync()
    await clock.settle()
    expect([broker.reads.length, broker.reading.size]).toEqual([1, 1])
    broker.reading.open()
    await clock.settle()
    expect(broker.reads).toHaveLength(2)
  })
})

describe('a subscriber that falls behind', () => {
  test('keeps nothing but its position, and gets everything in order when it reads again', async () => {
    const { link, subscription, broker, deliver } = await live(1)
    link.congested = true
    broker.append(50)
    for (let offset = 2; offset <= 51; offset++) deliver(offset)
    expect([link.heard, subscription.live, subscription.position]).toEqual([[], false, { epoch: 'E1', offset: 1 }])
    link.congested = false
    subscription.channel.fill(subscription)
    expect(link.heard).toEqual(messages('E1', 2, 51))
    expect([subscription.live, broker.reads]).toEqual([true, []])
  })

  test('is filled from the log where the ring does not reach back', async () => {
    const { link, subscription, broker, deliver, clock } = await live(1)
    link.congested = true
    broker.append(600)
    for (let offset = 2; offset <= 601; offset++) deliver(offset)
    link.congested = false
    subscription.channel.fill(subscription)
    await clock.settle()
    expect(link.heard).toEqual(messages('E1', 2, 601))
    expect(broker.reads.length).toBeGreaterThan(2)
    expect(subscription.live).toBe(true)
  })

  test('is told `slow` when the log was trimmed past it, and only then', async () => {
    const { link, subscription, broker, deliver, clock } = await live(1)
    link.congested = true
    broker.append(600)
    for (let offset = 2; offset <= 601; offset++) deliver(offset)
    broker.trim(101)
    link.congested = false
    subscription.channel.fill(subscription)
    await clock.settle()
    expect(link.heard).toEqual(['gap slow 2..100', ...messages('E1', 101, 601)])
  })

  test('whose link is full again in the middle of being filled stops there, and is told `slow` for what goes meanwhile', async () => {
    const { broker, hub, clock } = await live(600)
    const link = new Listener()
    const subscription = new Subscription(hub.join('c'), link, 1)
    subscription.position = { epoch: 'E1', offset: 0 }
    const { offer } = Listener.prototype
    link.offer = function (frame) {
      if (link.frames.length === 10) link.congested = true
      return offer.call(link, frame)
    }
    subscription.channel.fill(subscription)
    await clock.settle()
    expect([link.heard, subscription.live]).toEqual([messages('E1', 1, 10), false])
    broker.trim(50)
    link.offer = offer
    link.congested = false
    subscription.channel.fill(subscription)
    await clock.settle()
    expect(link.heard.slice(10)).toEqual(['gap slow 11..49', ...messages('E1', 50, 600)])
  })

  test('does not hold the others up', async () => {
    const { link, broker, deliver, join, clock } = await live(1)
    const other = join()
    await clock.settle()
    link.congested = true
    broker.append(3)
    for (let offset = 2; offset <= 4; offset++) deliver(offset)
    expect([link.heard, other.link.heard]).toEqual([[], messages('E1', 2, 4)])
  })

  test('learns of a failover in its place in the order', async () => {
    const { link, subscription, broker, deliver, clock } = await live(1)
    link.congested = true
    broker.append(3)
    for (let offset = 2; offset <= 4; offset++) deliver(offset)
    broker.rotate('E2', 3)
    broker.append()
    deliver(4)
    await clock.settle()
    // The node told its live subscribers of a gap that this one does not have: it had got as far as 1 only.
    expect(link.heard).toEqual([])
    link.congested = false
    subscription.channel.fill(subscription)
    await clock.settle()
    expect(link.heard).toEqual(['rebase', 'E2-2:E1-2', 'E2-3:E1-3', 'E2-4:E2-4'])
  })

  test('gets what the ring holds under the name it has after a failover, and the rebase first', async () => {
    const { link, subscription, broker, deliver, clock } = await live(1)
    link.congested = true
    broker.append(3)
    for (let offset = 2; offset <= 4; offset++) deliver(offset)
    broker.rotate('E2')
    broker.append()
    deliver(5)
    await clock.settle()
    link.frames.length = 0
    link.congested = false
    subscription.channel.fill(subscription)
    await clock.settle()
    expect(link.heard).toEqual(['rebase', 'E2-2:E1-2', 'E2-3:E1-3', 'E2-4:E1-4', 'E2-5:E2-5'])
  })

  test('that is asked to fill twice at once gets nothing twice', async () => {
    const { link, subscription, broker, deliver, clock } = await live(1)
    link.congested = true
    broker.append(300)
    for (let offset = 2; offset <= 301; offset++) deliver(offset)
    link.congested = false
    broker.reading.close()
    subscription.channel.fill(subscription)
    subscription.channel.fill(subscription)
    await clock.settle()
    subscription.channel.fill(subscription)
    broker.reading.open()
    await clock.settle()
    expect(link.heard).toEqual(messages('E1', 2, 301))
  })
})

describe('readings', () => {
  test('a thousand subscribers at one position share one reading, and its encoded frames', async () => {
    const { broker, hub, clock } = await live(500)
    const frames = new Set<EncodedFrame>()
    let sent = 0
    const offer = (frame: EncodedFrame): boolean => {
      frames.add(frame)
      sent += 1
      return true
    }
    for (let i = 0; i < 1_000; i++) {
      const subscription = new Subscription(hub.join('c'), { congested: false, offer, send: () => undefined }, 1)
      // What follows 400 was read for the first listener, and is held by the ring.
      subscription.position = { epoch: 'E1', offset: 300 }
      subscription.channel.fill(subscription)
    }
    await clock.settle()
    expect(broker.reads).toEqual([{ epoch: 'E1', offset: 300 }])
    expect([sent, frames.size]).toEqual([200_000, 200])
  })

  test('subscribers at different positions are read for apart', async () => {
    const { broker, hub, clock } = await live(500)
    for (const offset of [310, 320]) {
      const subscription = new Subscription(hub.join('c'), new Listener(), 1)
      subscription.position = { epoch: 'E1', offset }
      subscription.channel.fill(subscription)
    }
    await clock.settle()
    expect(broker.reads).toEqual([
      { epoch: 'E1', offset: 310 },
      { epoch: 'E1', offset: 320 },
    ])
  })

  test('a reading that knows a newer epoch than the node has the node verify, and nobody misses anything', async () => {
    const { link, broker, hub, clock } = await live(300)
    broker.rotate('E2')
    broker.append()
    const late = new Listener()
    const subscription = new Subscription(hub.join('c'), late, 1)
    subscription.position = { epoch: 'E1', offset: 2 }
    subscription.channel.fill(subscription)
    await clock.settle()
    const before = Array.from({ length: 298 }, (_, i) => `E2-${i + 3}:E1-${i + 3}`)
    expect(late.heard).toEqual(['rebase', ...before, 'E2-301:E2-301'])
    expect(link.heard).toEqual(['rebase', 'E2-301:E2-301'])
    expect(subscription.live).toBe(true)
  })
})

describe('the hub', () => {
  test('opens a channel for the first subscriber only', async () => {
    const { broker, join, clock } = await live(1)
    join()
    join()
    await clock.settle()
    expect(broker.subscribed).toBe(1)
  })

  test('closes a channel 10 s after the last subscriber has left, and not before', async () => {
    const { broker, hub, subscription, clock } = await live(1)
    hub.leave(subscription)
    await clock.advance(9_999)
    expect(broker.unsubscribed).toBe(0)
    await clock.advance(1)
    expect(broker.unsubscribed).toBe(1)
    await clock.advance(60_000)
    expect([broker.unsubscribed, clock.pending]).toEqual([1, 0])
  })

  test('keeps a channel whose subscriber comes back, and counts anew when it leaves again', async () => {
    const { broker, hub, subscription, clock, join } = await live(1)
    hub.leave(subscription)
    await clock.advance(6_000)
    const back = join()
    await clock.advance(2_000)
    hub.leave(back.subscription)
    await clock.advance(9_999)
    expect([broker.subscribed, broker.unsubscribed]).toEqual([1, 0])
    await clock.advance(1)
    expect(broker.unsubscribed).toBe(1)
  })

  test('keeps one timer for a channel, however often subscribers come and go', async () => {
    const { hub, subscription, clock, join } = await live(1)
    hub.leave(subscription)
    for (let i = 0; i < 20; i++) hub.leave(join().subscription)
    await clock.settle()
    expect(clock.pending).toBe(1)
  })

  test('counts a subscription that leaves twice once', async () => {
    const { hub, subscription, clock, join, broker, deliver } = await live(1)
    const other = join()
    hub.leave(subscription)
    hub.leave(subscription)
    await clock.advance(20_000)
    expect(broker.unsubscribed).toBe(0)
    broker.append()
    deliver(2)
    expect(other.link.heard).toEqual(['E1-2:E1-2'])
  })

  test('a message for a channel nobody is in is ignored', () => {
    const { hub, broker } = setUp()
    hub.deliver('c', 'E1', [broker.append()])
    expect(broker.reads).toEqual([])
  })

  test('a channel that was closed while the broker was down is not subscribed to afterwards', async () => {
    const { broker, hub, join, clock } = setUp()
    broker.failures = 1
    const { subscription } = join()
    await clock.settle()
    hub.leave(subscription)
    hub.close()
    await clock.advance(60_000)
    expect([broker.subscribed, clock.pending]).toEqual([0, 0])
  })
})
