import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { faultProxy, type FaultProxy } from '../../chat/test/support/fault-proxy.js'
import { until } from '../../chat/test/support/until.js'
import { launch } from '../../chat/test/support/window.js'
import type { Push } from '../src/outbox.js'
import { bundle, type Bundle } from './support/bundle.js'
import { customerToken, movableTime, pizza, startOrderPush, type RunningOrderPush } from './support/order-push.js'
import { CustomerWindow, layoutShifts, ShopWindow, Window } from './support/page.js'
import { testPostgres, type TestPostgres } from './support/postgres.js'

const SHOP = 'pizzeria-demo'
const AURORA = 'Pizzeria Aurora'
const PHONE = { width: 390, height: 844 }

let postgres: TestPostgres
let bundled: Bundle
let browser: Browser
let databaseUrl: string
let app: RunningOrderPush
let proxy: FaultProxy
let windows: Window[]
let held: Promise<void>
let release: () => void
const time = { current: movableTime() }

beforeAll(async () => {
  ;[postgres, bundled, browser] = await Promise.all([testPostgres(), bundle(), launch()])
})

afterAll(async () => {
  await browser?.close()
  await postgres?.stop()
  await bundled?.remove()
})

beforeEach(async () => {
  windows = []
  release = () => {}
  held = Promise.resolve()
  time.current = movableTime()
  databaseUrl = await postgres.newDatabase()
  app = await start()
  proxy = await faultProxy(app.port)
})

afterEach(async () => {
  release()
  for (const window of windows) await window.close()
  await proxy.close()
  await app.close()
  expect(windows.flatMap(({ faults }) => faults)).toEqual([])
})

function start(port = 0): Promise<RunningOrderPush> {
  // Messages wait while a test holds them back.
  const push =
    (push: Push): Push =>
    async (...message) => {
      await held
      return push(...message)
    }
  return startOrderPush(databaseUrl, bundled.pages, { port, push, realtime: time.current.realtime })
}

/** Holds messages back from now on, until `release`. */
function hold(): void {
  held = new Promise((resolve) => (release = resolve))
}

async function open(options: Parameters<typeof Window.open>[2] = {}): Promise<Window> {
  const window = await Window.open(browser, `http://localhost:${proxy.port}`, options)
  windows.push(window)
  return window
}

const orders = () => app.db.selectFrom('orders').select('id').execute()

const customer = async (options: Parameters<typeof Window.open>[2] = {}) => new CustomerWindow(await open(options))

async function shop(name = AURORA, options: Parameters<typeof Window.open>[2] = {}): Promise<ShopWindow> {
  const window = new ShopWindow(await open({ path: '/shop', ...options }))
  await window.signIn(name)
  return window
}

// All pages are on one machine, so their clocks agree.

/** When an element is clicked next, in a page. */
function msOfClick(page: Page, selector: string): Promise<number> {
  return page.evaluate(
    (selector) =>
      new Promise<number>((resolve) => {
        const clicked = ({ target }: Event) =>
          target instanceof Element && target.closest(selector) && resolve(Date.now())
        document.addEventListener('click', clicked, true)
      }),
    selector,
  )
}

/** When an element comes to show a text, in a page. */
function msOfChange(page: Page, selector: string, text: string): Promise<number> {
  return page.evaluate(
    ([selector, text]) =>
      new Promise<number>((resolve) => {
        const look = () =>
          [...document.querySelectorAll(selector)].some((each) => each.textContent === text) && resolve(Date.now())
        new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true })
      }),
    [selector, text] as const,
  )
}

/** A machine that stood still for a moment made one late. A way that is slow makes all late. */
function middleOf(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN
}

test('[D6] the ticket is on the shop page under a second after the order', async () => {
  const kitchen = await shop()
  await kitchen.open()
  const took: number[] = []
  for (const [at, name] of ['Ada', 'Eve', 'Bob'].entries()) {
    const guest = await customer()
    await guest.choose(AURORA, 'Diavola', 'Diavola', 'Tiramisù')
    const clicked = msOfClick(guest.page, '#send')
    const shown = msOfChange(kitchen.page, '.number', `#${at + 1}`)
    await guest.order(name)
    took.push((await shown) - (await clicked))
    await guest.window.close()
    windows.pop()
  }
  expect(middleOf(took)).toBeGreaterThanOrEqual(0)
  expect(middleOf(took)).toBeLessThan(1_000)
  await kitchen.has('new', ['#1 Ada', '#2 Eve', '#3 Bob'])
  expect(await kitchen.ticket('#1').locator('.lines li').allInnerTexts()).toEqual(['2 ×\nDiavola', '1 ×\nTiramisù'])
})

test('[D6] what the kitchen does is on the customer page at once, up to the end', async () => {
  const kitchen = await shop()
  await kitchen.open()
  const ada = await customer()
  await ada.choose(AURORA, 'Margherita')
  await ada.order('Ada')
  await ada.window.shows('#order-title', 'Order 1')
  await ada.window.shows('#says', 'Pizzeria Aurora has your order and starts soon.')
  const steps = [
    ['Start cooking', 'Your order is being made.'],
    ['Mark ready', 'Ready! Come and get it.'],
    ['Mark collected', 'Collected. Enjoy!'],
  ] as const
  const took: number[] = []
  for (const [button, words] of steps) {
    const clicked = msOfClick(kitchen.page, '.move')
    const shown = msOfChange(ada.page, '#says', words)
    await kitchen.page.getByRole('button', { name: `Ticket 1: ${button}` }).click()
    took.push((await shown) - (await clicked))
  }
  expect(middleOf(took)).toBeLessThan(1_000)
  expect(await kitchen.page.locator('.ticket').count()).toBe(0)
  expect(await ada.page.locator('#steps [data-state="done"]').count()).toBe(4)
})

test('[D11] a closed shop gets its tickets when it opens, from an order an hour ago and from one just now', async () => {
  const ada = await customer()
  await ada.choose(AURORA, 'Margherita')
  await ada.window.shows('#shop-line', 'Closed now. Order ahead: it waits until the shop opens.')
  await ada.order('Ada')
  await ada.window.shows('#says', 'Pizzeria Aurora is closed. Your order waits there and is seen as soon as it opens.')
  const kitchen = await shop()
  await kitchen.window.shows('#closed h1', 'You are closed')
  expect(await kitchen.page.locator('.ticket').count()).toBe(0)
  time.current.advance(3_600_000)
  expect(await app.ticketsSent()).toEqual([])
  await app.call('bill', pizza('just now', { name: 'Eve' }), customerToken('eve'))
  await kitchen.open()
  await kitchen.has('new', ['#1 Ada', '#2 Eve'])
  await ada.window.shows('#says', 'Pizzeria Aurora has your order and starts soon.')
})

test('[D11] an order whose answer was lost is sent again by itself and is one order', async () => {
  const kitchen = await shop()
  await kitchen.open()
  const ada = await customer()
  await ada.choose(AURORA, 'Margherita')
  proxy.stall(true)
  await ada.order('Ada')
  await until('the order is stored', orders, ({ length }) => length === 1)
  await ada.window.shows('#send', 'Sending …')
  const links = proxy.accepted
  proxy.stall(false)
  await ada.window.shows('#order-title', 'Order 1')
  expect(proxy.accepted).toBeGreaterThan(links)
  await kitchen.has('new', ['#1 Ada'])
  expect(await orders()).toHaveLength(1)
})

test('[D11] a page that is reloaded before the answer sends the same order again', async () => {
  const ada = await customer()
  await ada.choose(AURORA, 'Margherita')
  proxy.stall(true)
  await ada.order('Ada', 'No basil')
  await until('the order is stored', orders, ({ length }) => length === 1)
  await ada.page.goto('about:blank')
  proxy.stall(false)
  await ada.page.goto(`http://localhost:${proxy.port}/#/shop/pizzeria`)
  // What was chosen is still there. The note was not kept, so this is another order under the old key.
  await ada.order('Ada')
  await ada.window.shows(
    '#outcome',
    'An earlier attempt arrived: see "Your orders". To send this one as well, order again.',
  )
  await ada.page.reload()
  expect(await orders()).toHaveLength(1)
  await ada.order('Ada')
  await ada.window.shows('#order-title', 'Order 2')
})

test('a refused move is taken back on screen, with a sentence that says why', async () => {
  const kitchen = await shop()
  await kitchen.open()
  const { id } = await app.call('bill', pizza('refused'), customerToken('ada'))
  await kitchen.has('new', ['#1 Ada'])
  // Another screen is faster, and the news of it has not arrived.
  hold()
  await app.call('move_ticket', { order: id, version: 1, to: 'cooking' }, SHOP)
  await app.call('move_ticket', { order: id, version: 2, to: 'ready' }, SHOP)
  proxy.stall(true)
  await kitchen.page.getByRole('button', { name: 'Ticket 1: Start cooking' }).click()
  // It shows at once, as something that is not settled.
  await kitchen.has('cooking', ['#1 Ada'])
  expect(await kitchen.ticket('#1').getAttribute('data-moving')).toBe('true')
  proxy.stall(false)
  await kitchen.has('new', ['#1 Ada'])
  expect(await kitchen.ticket('#1').getAttribute('data-moving')).toBe('false')
  await kitchen.window.shows('.ticket .problem', 'Somebody else moved ticket 1: it is ready already.')
  // Then the news arrives; the sentence stays where the ticket goes, and when it goes.
  release()
  await kitchen.has('ready', ['#1 Ada'])
  await kitchen.window.shows('.ticket .problem', 'Somebody else moved ticket 1: it is ready already.')
  await app.call('move_ticket', { order: id, version: 3, to: 'collected' }, SHOP)
  await kitchen.has('ready', [])
  await kitchen.window.shows('#notice-words', 'Somebody else moved ticket 1: it is ready already.')
})

test('a move that is refused because the shop was closed stays where it was', async () => {
  const kitchen = await shop()
  await kitchen.open()
  await app.call('bill', pizza('closed'), customerToken('ada'))
  await kitchen.has('new', ['#1 Ada'])
  hold()
  await app.call('open_shop', { open: false }, SHOP)
  await kitchen.page.getByRole('button', { name: 'Ticket 1: Start cooking' }).click()
  await kitchen.window.shows('.ticket .problem', 'The shop is closed. Open it to go on.')
  await kitchen.has('new', ['#1 Ada'])
  release()
  // Now the news is here, and the page closes as the other screen did.
  await until('the page is closed', () => kitchen.page.locator('#closed').isVisible())
})

test('text is shown as text', async () => {
  const evil = '<img src=x onerror="globalThis.ran = true">'
  const kitchen = await shop()
  await kitchen.open()
  const eve = await customer()
  await eve.choose(AURORA, 'Margherita')
  await eve.order(evil.slice(0, 40), evil)
  await kitchen.window.shows('.ticket .note', evil)
  await eve.window.shows('#order-note', evil)
  for (const { page } of [kitchen, eve]) {
    expect(await page.locator('main img').count()).toBe(0)
    expect(await page.evaluate(() => 'ran' in globalThis)).toBe(false)
  }
})

test('a lost connection is told, and what happened meanwhile is there when it is back', async () => {
  const kitchen = await shop()
  await kitchen.open()
  proxy.refuse(true)
  proxy.cut()
  await kitchen.window.shows('#words', 'No connection. What you see may be old.')
  await app.call('bill', pizza('meanwhile'), customerToken('ada'))
  proxy.refuse(false)
  // It may have come back by itself by now, and the button with it be gone.
  await kitchen.page.locator('#again').dispatchEvent('click')
  await kitchen.has('new', ['#1 Ada'])
  await kitchen.window.shows('#words', 'Back again. Everything is up to date.')
})

test('a restarted server has lost its logs; the pages load again and miss nothing', async () => {
  const kitchen = await shop()
  await kitchen.open()
  const [first, second] = [await bill('one'), await bill('two')]
  await kitchen.has('new', ['#1 Ada', '#2 Ada'])
  const { port } = app
  proxy.refuse(true)
  await app.close()
  app = await start(port)
  await app.call('move_ticket', { order: first.id, version: 1, to: 'cooking' }, SHOP)
  for (const [version, to] of ['cooking', 'ready', 'collected'].entries()) {
    await app.call('move_ticket', { order: second.id, version: version + 1, to }, SHOP)
  }
  await bill('three')
  proxy.refuse(false)
  await kitchen.has('new', ['#3 Ada'])
  await kitchen.has('cooking', ['#1 Ada'])
  await kitchen.has('ready', [])

  function bill(key: string) {
    return app.call('bill', pizza(key), customerToken('ada'))
  }
})

test('a keyboard is enough to order and to cook', async () => {
  const kitchen = new ShopWindow(await open({ path: '/shop' }))
  const focused = ({ page }: { page: Window['page'] }) =>
    page.evaluate(() => {
      const { activeElement: element } = document
      return element?.getAttribute('aria-label') || element?.id || element?.textContent?.trim() || ''
    })
  const tabTo = async (window: ShopWindow | CustomerWindow, target: RegExp) => {
    for (let i = 0; i < 25 && !target.test(await focused(window)); i++) await window.page.keyboard.press('Tab')
    expect(await focused(window)).toMatch(target)
    const outline = await window.page.evaluate(
      () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
    )
    expect(outline).not.toBe('none')
  }
  await until('the shops', () => kitchen.page.locator('#shop option').count())
  await tabTo(kitchen, /^shop$/)
  await kitchen.page.keyboard.type('Pizz')
  await tabTo(kitchen, /^Sign in$/)
  await kitchen.page.keyboard.press('Enter')
  await until(
    'the button has the focus',
    () => focused(kitchen),
    (name) => name === 'open',
  )
  await kitchen.page.keyboard.press('Enter')
  await kitchen.live()

  const ada = await customer()
  await until('the shops', () => ada.page.locator('#shops a').count())
  await tabTo(ada, /^Pizzeria Aurora/)
  await ada.page.keyboard.press('Enter')
  await until(
    'the heading has the focus',
    () => focused(ada),
    (name) => name === 'shop-name',
  )
  await tabTo(ada, /^One Margherita more$/)
  await ada.page.keyboard.press('Enter')
  await ada.page.keyboard.press('Enter')
  await tabTo(ada, /^name$/)
  await ada.page.keyboard.type('Ada')
  await ada.page.keyboard.press('Enter')
  await ada.window.shows('#order-title', 'Order 1')
  await until(
    'the heading has the focus',
    () => focused(ada),
    (name) => name === 'order-title',
  )

  await kitchen.has('new', ['#1 Ada'])
  await tabTo(kitchen, /^Ticket 1: Start cooking$/)
  await kitchen.page.keyboard.press('Enter')
  // The focus goes with the ticket, from column to column.
  for (const step of ['Mark ready', 'Mark collected']) {
    await until(
      `the focus is on "${step}"`,
      () => focused(kitchen),
      (name) => name === `Ticket 1: ${step}`,
    )
    await kitchen.page.keyboard.press('Enter')
  }
  await ada.window.shows('#says', 'Collected. Enjoy!')
})

test('nothing moves by itself while a page loads, on a phone and on a desk', async () => {
  await app.call('open_shop', { open: true }, SHOP)
  for (let i = 0; i < 3; i++) await app.call('bill', pizza(`number ${i}`), customerToken('ada'))
  for (const viewport of [PHONE, { width: 1280, height: 800 }]) {
    const { page } = await open({ viewport })
    await until('the shops', () => page.locator('#shops a').count())
    expect(await layoutShifts(page)).toEqual([])
    // Another query is another load; another fragment alone would be none.
    await page.goto(`http://localhost:${proxy.port}/?menu#/shop/pizzeria`)
    await until('the menu', () => page.locator('.dish').count())
    expect(await layoutShifts(page)).toEqual([])
    await page.evaluate((token) => localStorage.setItem('shop-token', token), SHOP)
    await page.goto(`http://localhost:${proxy.port}/shop`)
    await until(
      'the tickets',
      () => page.locator('.ticket').count(),
      (count) => count === 3,
    )
    expect(await layoutShifts(page)).toEqual([])
  }
})

test('everything that can be used has a name, and nothing is wider than a small phone', async () => {
  const viewport = { width: 320, height: 640 }
  const kitchen = await shop(AURORA, { viewport })
  await kitchen.open()
  const ada = await customer({ viewport })
  await ada.choose(AURORA, 'Margherita', 'Quattro formaggi')
  const pages = [ada.page, kitchen.page]
  const check = async () => {
    for (const page of pages) {
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
      const session = await page.context().newCDPSession(page)
      const { nodes } = await session.send('Accessibility.getFullAXTree')
      const used = nodes.filter(
        ({ ignored, role }) => !ignored && /^(button|link|textbox|checkbox|combobox)$/.test(String(role?.value)),
      )
      expect(used.length).toBeGreaterThan(0)
      expect(used.filter(({ name }) => !String(name?.value ?? '').trim())).toEqual([])
    }
  }
  await check()
  await ada.order('W'.repeat(40), 'W'.repeat(200))
  await kitchen.has('new', [`#1 ${'W'.repeat(40)}`])
  await ada.window.shows('#order-title', 'Order 1')
  await check()
})

test('a wrong token opens no shop, and says so', async () => {
  const window = new ShopWindow(await open({ path: '/shop' }))
  await until('the shops', () => window.page.locator('#shop option').count())
  await window.page.locator('#token').fill('guessed')
  await window.page.getByRole('button', { name: 'Sign in' }).click()
  await window.window.shows('#signing-problem', 'This token opens no shop.')
  expect(await window.page.locator('#board').isVisible()).toBe(false)
})
