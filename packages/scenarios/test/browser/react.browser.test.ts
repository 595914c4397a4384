import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RealtimeServer } from '@org/realtime-server'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { launchChromium, type Tab } from './support/chromium.js'
import { pageServer, type ReactSeen } from './support/page.js'

// React's StrictMode mounts each component, unmounts it and mounts it again, at once, to find effects that do not clean
// up. A client that subscribes, leaves and subscribes on the wire can end unsubscribed, or subscribed twice.

let chromium: Awaited<ReturnType<typeof launchChromium>>
let http: Server
let realtime: RealtimeServer
let tab: Tab
/** How often somebody asked to subscribe. */
let asked: number

beforeAll(async () => {
  http = await pageServer()
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  chromium = await launchChromium()
})

afterAll(async () => {
  await chromium?.close()
  http?.closeAllConnections()
  http?.close()
})

beforeEach(async () => {
  asked = 0
  realtime = new RealtimeServer()
  realtime.channel('room:{id}', { subscribe: () => Boolean(++asked) })
  realtime.attach(http)
  const origin = `127.0.0.1:${(http.address() as AddressInfo).port}`
  tab = await chromium.open(`http://${origin}/react?url=${encodeURIComponent(`ws://${origin}/realtime`)}`)
  await vi.waitFor(async () => expect(await tab.evaluate('typeof show')).toBe('function'), PATIENCE)
})

afterEach(async () => {
  await tab.send('Page.close')
  await realtime.close()
})

test.each([
  ['that makes the client connect', 'undefined'],
  ['on a client that is connected', 'client.ready()'],
])('a StrictMode component %s subscribes once, and hears each message once', async (_, first) => {
  await tab.evaluate(first)
  await tab.evaluate("show('Ada')")
  await subscribed()
  for (const n of [1, 2, 3]) await realtime.publish('room:1', n)
  const seen = await heard(['Ada 1', 'Ada 2', 'Ada 3'])
  expect(seen.effects, 'StrictMode mounted twice').toBe(2)
  expect(requests(seen)).toHaveLength(1)
  expect(asked).toBe(1)
  expect(count(seen, 'publication')).toBe(3)
  expect(seen.sent.filter(({ type }) => type === 'unsubscribe')).toEqual([])
})

test('two StrictMode components share one subscription, and one that leaves takes nothing from the other', async () => {
  await tab.evaluate("show('Ada', 'Grace')")
  await subscribed()
  await realtime.publish('room:1', 1)
  await heard(['Ada 1', 'Grace 1'])
  await tab.evaluate("show('Grace')")
  await pause(LINGERED_MS)
  await realtime.publish('room:1', 2)
  const seen = await heard(['Ada 1', 'Grace 1', 'Grace 2'])
  expect(asked).toBe(1)
  expect(count(seen, 'publication')).toBe(2)
})

test('a second after it was unmounted, nothing is sent for the component any more; the link stays', async () => {
  await tab.evaluate("show('Ada')")
  await subscribed()
  await realtime.publish('room:1', 1)
  await heard(['Ada 1'])
  await tab.evaluate('show()')
  await pause(LINGERED_MS)
  await realtime.publish('room:1', 2)
  await pause(250)
  const seen = await heard(['Ada 1'])
  expect(count(seen, 'publication')).toBe(1)
  expect(seen.sent.filter(({ type }) => type === 'unsubscribe')).toEqual([
    { type: 'unsubscribe', channel: 'room:1', generation: requests(seen)[0]?.generation },
  ])
  expect(realtime.connections).toBe(1)

  await tab.evaluate("show('Ada')")
  await subscribed(2)
  await realtime.publish('room:1', 3)
  const again = await heard(['Ada 1', 'Ada 3'])
  const generations = requests(again).map(({ generation }) => generation)
  expect(generations).toHaveLength(2)
  expect(generations[1]).toBeGreaterThan(generations[0] ?? Infinity)
})

test('a component that is unmounted and mounted again within the second has never left', async () => {
  await tab.evaluate("show('Ada')")
  await subscribed()
  await tab.evaluate('show()')
  await pause(250)
  await tab.evaluate("show('Ada')")
  await pause(LINGERED_MS)
  await realtime.publish('room:1', 1)
  const seen = await heard(['Ada 1'])
  expect(requests(seen)).toHaveLength(1)
  expect(asked).toBe(1)
})

const PATIENCE = { timeout: 10_000, interval: 20 }

/** Longer than a subscription lingers after its last listener. */
const LINGERED_MS = 1_250

interface Request {
  readonly channel: string
  readonly generation: number
}

/** All requests to subscribe, whichever frame they went in. */
function requests({ sent }: ReactSeen): Request[] {
  const frames = sent as ReadonlyArray<Partial<Request> & { type: string; subscriptions?: Request[] }>
  return frames.flatMap(({ type, subscriptions = [], channel = '', generation = 0 }) =>
    type === 'subscribe' ? [{ channel, generation }] : subscriptions,
  )
}

function count({ received }: ReactSeen, type: string): number {
  return received.filter((frame) => frame.type === type).length
}

/** Waits for the server's answer to a subscribe, the first one or a later one. */
async function subscribed(times = 1): Promise<void> {
  await vi.waitFor(async () => expect(count(await look(), 'subscribed')).toBe(times), PATIENCE)
}

/** Waits until the components have heard exactly this. */
async function heard(expected: readonly string[]): Promise<ReactSeen> {
  await vi.waitFor(async () => expect((await look()).heard).toEqual(expected), PATIENCE)
  return look()
}

function look(): Promise<ReactSeen> {
  return tab.evaluate('seen')
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
