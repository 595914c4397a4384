// What a server listens to in Redis: what somebody here listens to, and nothing else.
import { RealtimeServer } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import { expect, onTestFinished, test } from 'vitest'
import { startRedis } from '../../../../scripts/lib/redis-servers.mjs'
import { Peer } from './support/peer.js'

/** Time for the engine, in which ten seconds take one: a channel stays open that long after its last subscriber. */
const quickClock = {
  now: () => performance.now() * 10,
  date: () => Date.now(),
  setTimer: (callback: () => void, delayMs: number) => setTimeout(callback, delayMs / 10),
  clearTimer: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout | undefined),
  soon: (callback: () => void) => void setImmediate(callback),
}

async function setUp() {
  const store = await startRedis()
  onTestFinished(() => store.stop())
  const realtime = new RealtimeServer(undefined, { backend: redis({ url: store.url }), clock: quickClock })
  onTestFinished(() => realtime.close())
  realtime.channel('log:{name}', { subscribe: true, presence: true })
  realtime.channel('latest:{name}', { subscribe: true, mode: 'latest' })
  realtime.channel('ephemeral:{name}', { subscribe: true, mode: 'ephemeral' })
  const joined = async (name: string) => {
    const peer = new Peer(realtime, name)
    await peer.connect()
    return peer
  }
  /** How many connections are subscribed to topics of a channel, as Redis counts them. */
  const subscribed = async (channel: string) => {
    const topics = (await store.command('PUBSUB', 'CHANNELS', `*:${channel}`)) as string[]
    const counts = topics.length > 0 ? ((await store.command('PUBSUB', 'NUMSUB', ...topics)) as unknown[]) : []
    return counts.reduce<number>((sum, count, i) => sum + (i % 2 === 1 ? Number(count) : 0), 0)
  }
  const becomes = (channel: string, count: number) =>
    expect.poll(() => subscribed(channel), { timeout: 5_000 }).toBe(count)
  return { realtime, joined, subscribed, becomes }
}

test.each(['log:a', 'latest:a', 'ephemeral:a'])(
  '%s has no subscriber in Redis once its last one here has left, and one again when the next one comes',
  async (channel) => {
    const { realtime, joined, subscribed, becomes } = await setUp()
    const [ada, eve] = [await joined('ada'), await joined('eve')]
    expect(await subscribed(channel)).toBe(0)
    for (const peer of [ada, eve]) peer.tell({ type: 'subscribe', channel, generation: 1 })
    await Promise.all([ada.has('subscribed', 1), eve.has('subscribed', 1)])
    // One for the node, however many listen here.
    expect(await subscribed(channel)).toBe(1)
    ada.tell({ type: 'unsubscribe', channel, generation: 1 })
    // Longer than a channel stays open that nobody listens to.
    await new Promise((resolve) => setTimeout(resolve, 1_300))
    expect(await subscribed(channel)).toBe(1)
    await eve.cut()
    await becomes(channel, 0)
    ada.tell({ type: 'subscribe', channel, generation: 2 })
    await ada.has('subscribed', 2)
    expect(await subscribed(channel)).toBe(1)
    await realtime.publish(channel, 'heard')
    await ada.has('publication', 1)
  },
)

test('the presence of a channel has no subscriber in Redis once its last watcher here has left', async () => {
  const { joined, subscribed, becomes } = await setUp()
  const ada = await joined('ada')
  const watch = async (ref: number) => {
    ada.tell({ type: 'presence', ref, channel: 'log:a', action: 'watch' })
    await ada.has('reply', ref)
  }
  await watch(1)
  expect(await subscribed('log:a')).toBe(1)
  ada.tell({ type: 'presence', ref: 2, channel: 'log:a', action: 'unwatch' })
  await becomes('log:a', 0)
  await watch(3)
  expect(await subscribed('log:a')).toBe(1)
})
