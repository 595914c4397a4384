import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { requireRedis } from '../../../scripts/lib/redis.mjs'
import { bundleCluster, runCluster, type ClusterProgram } from './support/cluster.js'
import { ServersOnPage } from './support/servers-on-page.js'
import { until } from './support/until.js'
import { launch, Window, type WindowOptions } from './support/window.js'

const PHONE = { width: 390, height: 844 }
const DESKTOP = { width: 1280, height: 800 }

let program: ClusterProgram
let browser: Browser
let demo: ReturnType<typeof runCluster>
let windows: Window[]

beforeAll(async () => {
  program = await bundleCluster()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await program?.remove()
})

beforeEach(() => {
  windows = []
  demo = runCluster(program, { REDIS_SERVER_PATH: requireRedis() })
})

afterEach(async () => {
  for (const window of windows) await window.close()
  await demo.stop()
  expect(windows.flatMap((window) => window.faults)).toEqual([])
})

async function open(options: WindowOptions) {
  const window = await Window.open(browser, await demo.ready(), options)
  windows.push(window)
  const servers = new ServersOnPage(window.page)
  await servers.show(({ A, B }) => [A, B].sort().join() === 'up,you are here')
  return { window, servers }
}

/** The server that stored a message, by the badge that the page shows on it once it is stored. */
function badge(window: Window, text: string): Promise<string> {
  return until(
    `the badge of ${text}`,
    () => window.item(text).locator('.node:not([hidden])').allInnerTexts(),
    ({ length }) => length > 0,
  ).then(String)
}

test('a press on the button kills the server one is on: the page says so, goes on by the other one, and nothing is lost or doubled', async () => {
  const ada = await open({ name: 'Ada' })
  const grace = await open({ name: 'Grace' })
  const here = await ada.servers.here()
  const there = here === 'A' ? 'B' : 'A'
  await ada.window.say('before')
  await grace.window.shows(['Ada: before'])
  for (const { window } of [ada, grace]) expect(await badge(window, 'before')).toBe(here)

  await ada.servers.kill(here)
  // Nobody has been told yet, so this is what the press itself does; what follows was written without a server.
  const said = ['Ada: before']
  for (let i = 1; i <= 5; i++) {
    await ada.window.say(`meanwhile ${i}`)
    said.push(`Ada: meanwhile ${i}`)
  }
  await ada.servers.show((words) => words[here] === 'down' && words[there] === 'you are here')
  expect(await ada.servers.canKill()).toEqual([there])
  await ada.window.say('after')
  said.push('Ada: after')
  for (const { window } of [ada, grace]) {
    await window.shows(said)
    expect(await badge(window, 'before')).toBe(here)
    expect(await badge(window, 'after')).toBe(there)
    expect(await window.notes()).toEqual([])
  }
  for (const line of said) expect(await ada.window.state(line.replace('Ada: ', ''))).toBe('Sent')
  expect(await ada.window.messages()).toEqual(await grace.window.messages())

  expect(await ada.servers.history(here)).toEqual(['you are here', 'killed', 'down'])
  const banners = await ada.window.banners()
  expect(banners[0]).toBe('Connecting …')
  expect(banners[1]).toBe('Welcome, Ada! Only you can see this.')
  expect(banners).toContain('No connection.')
  expect(banners.at(-1)).toMatch(/^(Back again\. You missed nothing\.|Recovered \d+ messages?\.)$/)
  // What was news before is not told again when the connection is back.
  expect(banners.filter((text) => text.startsWith('Welcome'))).toHaveLength(1)

  for (const { servers } of [ada, grace]) await servers.show((words) => words[here] === 'up')
  expect((await ada.servers.canKill()).sort()).toEqual(['A', 'B'])
})

test('while all servers are killed the page says that it knows nothing of them, keeps what is written, and sends it when one is back', async () => {
  const { window, servers } = await open({ name: 'Ada' })
  await window.say('before')
  await window.shows(['Ada: before'])
  const here = await servers.here()
  const there = here === 'A' ? 'B' : 'A'
  await servers.kill(there)
  await servers.show((words) => words[there] === 'down')
  await servers.kill(here)
  await servers.show((words) => words[there] === 'not known')
  expect(await servers.canKill()).toEqual([])
  await window.say('into the void')
  expect(await window.state('into the void')).toBe('Queued')
  expect(await window.item('into the void').locator('.node').isVisible()).toBe(false)

  await until(
    'it is sent',
    () => window.state('into the void'),
    (state) => state === 'Sent',
  )
  await window.shows(['Ada: before', 'Ada: into the void'])
  expect(await window.notes()).toEqual([])
  await servers.show(({ A, B }) => [A, B].sort().join() === 'up,you are here')
})

test.each([
  ['a phone', PHONE],
  ['a desktop', DESKTOP],
])('on %s nothing is cut off, no word moves a server, and no message is under the banner', async (_where, viewport) => {
  const { window, servers } = await open({ name: 'Ada', viewport })
  const { page } = window
  await window.say('hello')
  await window.shows(['Ada: hello'])
  const boxes = await servers.boxes()
  const banner = await page.locator('#banner').boundingBox()
  const message = await window.item('hello').boundingBox()
  expect(message?.y).toBeGreaterThan((banner?.y ?? Infinity) + (banner?.height ?? 0))
  const cut = () =>
    page.evaluate(
      () =>
        [...document.querySelectorAll('body, #nodes, #nodes li')].filter((each) => each.scrollWidth > each.clientWidth)
          .length,
    )
  expect(await cut()).toBe(0)

  const here = await servers.here()
  await servers.kill(here)
  await servers.show((words) => words[here] === 'down')
  await servers.show((words) => Object.values(words).includes('you are here'))
  expect(await servers.boxes()).toEqual(boxes)
  expect(await cut()).toBe(0)
})
