import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RealtimeServer, type ServerLimits } from '@org/realtime-server'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { launchChromium, type Tab } from './support/chromium.js'
import { faultProxy, type FaultProxy } from './support/fault-proxy.js'
import { pageServer, type Seen } from './support/page.js'

// What browsers do to pages that nobody looks at, done by a real Chromium to the real client. Two things are not quite
// as in life. The machine of a test cannot be put to sleep: its page gets a clock that jumps instead, and the tab is
// shown afterwards, as it is when a lid is opened. And nobody waits five minutes: Chromium is told to throttle the timers
// of a page that is out of sight after one second.
//
// Chromium 156 keeps a page with an open WebSocket in the back/forward cache, and freezes one out of sight, but closes its
// socket as soon as it comes back, also when it was frozen for a moment only. Its server does not hear of it before.

/** Time a page has, from being shown, until it has all that it missed. */
const RESUMED_WITHIN_MS = 2_000
/** For tests of seconds that really pass: a machine that stood still for some once does not do so each time. */
const STALLS = { retry: 2 }
const TAKES_LONG = { ...STALLS, timeout: 30_000 }

let chromium: Awaited<ReturnType<typeof launchChromium>>
let http: Server
let realtime: RealtimeServer
let proxy: FaultProxy
let tab: Tab
let published: number

beforeAll(async () => {
  http = await pageServer()
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  proxy = await faultProxy(port())
  chromium = await launchChromium()
})

afterAll(async () => {
  await chromium?.close()
  await proxy?.close()
  http?.closeAllConnections()
  http?.close()
})

beforeEach(() => {
  published = 0
})

afterEach(async () => {
  await tab.send('Page.close')
  await realtime.close()
})

test('a tab out of sight, whose timers rest, keeps its link and gets every message at once', TAKES_LONG, async () => {
  await start({ heartbeatMs: 1_000, heartbeatTimeoutMs: 500 })
  await hide()
  const hiddenAt = Date.now()
  // Longer than the silence that the client allows: 1 s and 10 s.
  for (let i = 0; i < 24; i++) {
    await publish()
    await pause(500)
  }
  const { heard, statuses, ticks, sent } = await complete()
  const rested = ticks.filter((at) => at > hiddenAt + 3_000)
  expect(rested.length, 'Chromium throttled the timers of the page').toBeLessThan(10)
  expect(statuses).toEqual(['connecting', 'connected'])
  expect(sent.filter((type) => type === 'pong').length, 'pings answered out of sight').toBeGreaterThanOrEqual(4)
  expect(heard.map(({ at }, i) => at - (sentAt[i] ?? 0)).filter((ms) => ms > 1_000)).toEqual([])
  expect(proxy.accepted - before).toBe(1)
})

test(
  'a frozen tab lets go of its link at once, and has all that it missed within 2 s of being shown',
  STALLS,
  async () => {
    await start()
    await publish()
    await hide()
    await tab.send('Page.setWebLifecycleState', { state: 'frozen' })
    await linksAre(0)
    for (let i = 0; i < 5; i++) await publish()
    await pause(1_500)
    await show()
    const seen = await resumed('visible')
    expect(seen.life.map(({ type }) => type)).toContain('freeze')
    expect(seen.statuses).toEqual(['connecting', 'connected', 'connecting', 'connected'])
  },
)

test(
  'a tab whose link was cut while it was out of sight has all that it missed within 2 s of being shown',
  STALLS,
  async () => {
    await start({ heartbeatMs: 500, heartbeatTimeoutMs: 500 })
    await publish()
    await hide()
    await pause(1_500)
    proxy.cut()
    for (let i = 0; i < 5; i++) await publish()
    await pause(500)
    await show()
    await resumed('visible')
  },
)

test(
  'a page that was left is kept by the browser, without a link, and resumes within 2 s when one goes back',
  STALLS,
  async () => {
    await start()
    await publish()
    await settled()
    await tab.send('Page.navigate', { url: `${origin()}/elsewhere` })
    await linksAre(0)
    for (let i = 0; i < 5; i++) await publish()
    await pause(1_000)
    await tab.evaluate('history.back()')
    const seen = await resumed('persisted pageshow')
    expect(seen.life.map(({ type }) => type)).toContain('persisted pagehide')
    expect(tab.events).not.toContain('Page.backForwardCacheNotUsed')
    expect(seen.statuses).toEqual(['connecting', 'connected', 'connecting', 'connected'])
  },
)

test(
  'offline, nothing is sent and the link is kept; online, the client asks whether it lives and publishes once',
  STALLS,
  async () => {
    await start()
    await publish()
    await settled()
    await offline(true)
    await tab.evaluate('void room.publish(2)')
    await pause(1_000)
    const away = await look()
    expect(away.life.at(-1)?.type).toBe('offline')
    expect(away.sent).not.toContain('publish')
    expect(await tab.evaluate('client.outbox.map(({ state }) => state)')).toEqual(['queued'])
    expect(realtime.connections).toBe(1)
    await offline(false)
    published++
    const seen = await resumed('online')
    expect(seen.sent).toContain('ping')
    expect(seen.statuses).toEqual(['connecting', 'connected'])
    expect(proxy.accepted - before).toBe(1)
    expect(await stored()).toEqual([1, 2])
  },
)

test('a publish made offline is stored once also when the link did not outlive it', STALLS, async () => {
  await start()
  await publish()
  await settled()
  await offline(true)
  await tab.evaluate('void room.publish(2)')
  proxy.cut()
  await pause(500)
  await offline(false)
  published++
  await resumed('online')
  expect(await stored()).toEqual([1, 2])
})

test('after a sleep of an hour the client asks whether its link lives, and goes on with one that does', async () => {
  await start()
  await publish()
  await hide()
  await tab.evaluate('sleep(3_600_000)')
  await show()
  await pause(2_500)
  await publish()
  const { statuses, sent } = await complete()
  expect(sent).toContain('ping')
  expect(statuses).toEqual(['connecting', 'connected'])
  expect(proxy.accepted - before).toBe(1)
})

test(
  'after a sleep in which its link died without a word, the client has all that it missed within 2 s',
  STALLS,
  async () => {
    await start()
    await publish()
    await hide()
    proxy.forget()
    for (let i = 0; i < 5; i++) await publish()
    await tab.evaluate('sleep(3_600_000)')
    await show()
    const { statuses } = await resumed('visible')
    expect(statuses).toEqual(['connecting', 'connected', 'connecting', 'connected'])
  },
)

// --- What the tests do ---

/** When each message was published. */
let sentAt: number[] = []
/** Links there were before this test. */
let before = 0

/** Starts a server, and a page that listens. */
async function start(limits: Partial<ServerLimits> = {}): Promise<void> {
  sentAt = []
  before = proxy.accepted
  realtime = new RealtimeServer({}, { limits })
  realtime.channel('room:{id}', { subscribe: true, publish: true })
  realtime.attach(http)
  tab = await chromium.open(`${origin()}/?url=${encodeURIComponent(`ws://127.0.0.1:${proxy.port}/realtime`)}`)
  await vi.waitFor(async () => expect(await tab.evaluate('room.state.status')).toBe('subscribed'), PATIENCE)
}

/** Publishes the next number. */
async function publish(): Promise<void> {
  sentAt.push(Date.now())
  await realtime.publish('room:1', ++published)
}

/** Puts another tab in front. */
async function hide(): Promise<void> {
  await settled()
  await chromium.open(`${origin()}/elsewhere`)
  await vi.waitFor(async () => expect((await look()).life.at(-1)?.type).toBe('hidden'), PATIENCE)
}

async function show(): Promise<void> {
  await tab.show()
}

async function offline(on: boolean): Promise<void> {
  const unlimited = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 }
  await tab.send('Network.enable')
  await tab.send('Network.emulateNetworkConditions', { offline: on, ...unlimited })
}

// --- What they look at ---

const PATIENCE = { timeout: 10_000, interval: 20 }

function look(): Promise<Seen> {
  return tab.evaluate('seen')
}

/** Waits until the page has heard everything, then some more; everything came once, in order, without a gap. */
async function complete(): Promise<Seen> {
  await settled()
  await pause(250)
  const seen = await look()
  expect(seen.heard.map(({ n }) => n)).toEqual(Array.from({ length: published }, (_, i) => i + 1))
  expect(seen.gaps).toEqual([])
  return seen
}

/** Like `complete`, and nothing came later than 2 s after the latest event of this type. */
async function resumed(event: string): Promise<Seen> {
  const seen = await complete()
  const at = seen.life.findLast(({ type }) => type === event)?.at
  expect(at, `there was an event ${event}`).toBeDefined()
  expect((seen.heard.at(-1)?.at ?? Infinity) - (at ?? 0)).toBeLessThanOrEqual(RESUMED_WITHIN_MS)
  return seen
}

/** Waits until the page has heard as many messages as there are. */
async function settled(): Promise<void> {
  await vi.waitFor(async () => expect((await look()).heard.length).toBeGreaterThanOrEqual(published), PATIENCE)
}

/** Waits until the server has so many links: much sooner than its heartbeat would find out. */
async function linksAre(count: number): Promise<void> {
  await vi.waitFor(() => expect(realtime.connections).toBe(count), { timeout: 400, interval: 10 })
}

async function stored(): Promise<unknown[]> {
  const { publications } = await realtime.history('room:1')
  return publications.map(({ data }) => data)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function port(): number {
  return (http.address() as AddressInfo).port
}

function origin(): string {
  return `http://127.0.0.1:${port()}`
}
