import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { bundlePage, startChat, type RunningChat } from './support/chat.js'
import { faultProxy, type FaultProxy } from './support/fault-proxy.js'
import { until } from './support/until.js'
import { launch, Window, type WindowOptions } from './support/window.js'

let page: Awaited<ReturnType<typeof bundlePage>>
let browser: Browser
let chat: RunningChat
let proxy: FaultProxy
let windows: Window[]

beforeAll(async () => {
  page = await bundlePage()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await page?.remove()
})

beforeEach(async () => {
  windows = []
  chat = await startChat(page.url)
  proxy = await faultProxy(chat.port)
})

afterEach(async () => {
  for (const window of windows) await window.close()
  await proxy.close()
  await chat.close()
  expect(windows.flatMap((window) => window.faults)).toEqual([])
})

async function open(options: WindowOptions): Promise<Window> {
  const window = await Window.open(browser, `http://localhost:${proxy.port}`, options)
  windows.push(window)
  return window
}

async function logOf(room: string): Promise<string[]> {
  const { publications } = await chat.realtime.history(`room:${room}`)
  return publications.map(({ data }) => {
    const { name, text } = data
    return `${name}: ${text}`
  })
}

const gone = 'The server started anew and lost its history. What was written meanwhile may be missing here.'

test('[A6] a message with a name reaches everybody, its sender too', async () => {
  const ada = await open({ name: 'Ada' })
  const grace = await open({ name: 'Grace' })
  await ada.say('Good morning')
  await grace.shows(['Ada: Good morning'])
  await grace.say('Hello Ada')
  for (const window of windows) await window.shows(['Ada: Good morning', 'Grace: Hello Ada'])
  expect(await logOf('lobby')).toEqual(['Ada: Good morning', 'Grace: Hello Ada'])
  expect(await ada.item('Good morning').getAttribute('data-mine')).toBe('')
  expect(await grace.item('Good morning').getAttribute('data-mine')).toBeNull()
})

test('[A2] the welcome is seen by the new connection only', async () => {
  const ada = await open({ name: 'Ada' })
  const grace = await open({ name: 'Grace' })
  await until(
    'the welcome',
    () => grace.banners(),
    (seen) => seen.at(-1) === 'Welcome, Grace! Only you can see this.',
  )
  // What the server had told Ada before this message would be on her page now.
  await grace.say('I am here')
  await ada.shows(['Grace: I am here'])
  expect((await ada.banners()).filter((text) => text !== 'Connecting …')).toEqual([
    'Welcome, Ada! Only you can see this.',
  ])
})

test('[A13] text is shown as text', async () => {
  const evil = '<img src=x onerror="globalThis.ran = true"><script>globalThis.ran = true</script>'
  const ada = await open({ name: '<b onclick=1>Eve</b>' })
  const grace = await open({ name: 'Grace' })
  await ada.say(evil)
  for (const window of windows) {
    await window.shows([`<b onclick=1>Eve</b>: ${evil}`])
    expect(await window.page.locator('#stage :is(img, script, b b)').count()).toBe(0)
    expect(await window.page.evaluate(() => 'ran' in globalThis)).toBe(false)
  }
  await grace.say('Nice try')
  await ada.shows([`<b onclick=1>Eve</b>: ${evil}`, 'Grace: Nice try'])
})

test('what is written offline is queued, then sent once', async () => {
  const ada = await open({ name: 'Ada' })
  const grace = await open({ name: 'Grace' })
  await ada.page.context().setOffline(true)
  proxy.cut()
  await ada.say('Written on the train')
  await until(
    'the message is queued',
    () => ada.state('Written on the train'),
    (state) => state === 'Queued',
  )
  await until(
    'the banner says offline',
    () => ada.banners(),
    (seen) => seen.at(-1) === 'You are offline. What you write waits here.',
  )
  // Grace is back on a new link: time enough for Ada's message to go out, if it would.
  await grace.say('Where is Ada?')
  await until(
    "Grace's message is sent",
    () => grace.state('Where is Ada?'),
    (state) => state === 'Sent',
  )
  expect(await ada.state('Written on the train')).toBe('Queued')
  expect(await ada.messages()).toEqual(['Ada: Written on the train'])

  const [links, sockets] = [proxy.accepted, ada.sockets]
  await ada.page.context().setOffline(false)
  await until(
    'the message is sent',
    () => ada.state('Written on the train'),
    (state) => state === 'Sent',
  )
  expect(proxy.accepted).toBeGreaterThan(links)
  expect(ada.sockets).toBe(sockets + 1)
  const all = ['Grace: Where is Ada?', 'Ada: Written on the train']
  for (const window of windows) await window.shows(all)
  expect(await logOf('lobby')).toEqual(all)
  await until(
    'the banner counts',
    () => ada.banners(),
    (seen) => seen.at(-1) === 'Recovered 1 message.',
  )
})

test('cut links lose nothing and double nothing while the server publishes', async () => {
  const ada = await open({ name: 'Ada' })
  await open({ name: 'Grace' })
  const all: string[] = []
  const publish = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const text = `number ${all.length}`
      all.push(`Server: ${text}`)
      await chat.realtime.publish('room:lobby', { name: 'Server', text })
      // The pace of a busy room.
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  await publish(20)
  for (let round = 0; round < 3; round++) {
    const seen = (await ada.banners()).length
    proxy.refuse(true)
    proxy.cut()
    await publish(15)
    await until(
      'the banner tells of trouble',
      () => ada.banners(),
      (all) => all.slice(seen).includes('No connection.'),
    )
    proxy.refuse(false)
    await publish(15)
    for (const window of windows) {
      await until(
        'the messages are recovered',
        () => window.banners(),
        (all) => /^Recovered \d+ messages\.$/.test(all.at(-1) ?? ''),
      )
    }
    await publish(5)
  }
  for (const window of windows) await window.shows(all)
  for (const window of windows) expect(await window.notes()).toEqual([])
})

test('a restarted server: everybody is told what is lost, and what was written meanwhile is sent once', async () => {
  const ada = await open({ name: 'Ada' })
  const grace = await open({ name: 'Grace' })
  await ada.say('Before')
  for (const window of windows) await window.shows(['Ada: Before'])
  const { port } = chat
  await chat.close()
  await ada.say('During')
  expect(await ada.state('During')).toBe('Queued')
  chat = await startChat(page.url, port)
  await until(
    'the message is sent',
    () => ada.state('During'),
    (state) => state === 'Sent',
  )
  for (const window of windows) {
    await window.shows(['Ada: Before', 'Ada: During'])
    expect(await window.notes()).toEqual([gone])
    expect(await window.page.locator('#words').textContent()).toBe(gone)
  }
  await grace.say('After')
  for (const window of windows) await window.shows(['Ada: Before', 'Ada: During', 'Grace: After'])
  expect(await logOf('lobby')).toEqual(['Ada: During', 'Grace: After'])
})

test('a message whose answer was lost turns out to be sent, and shows once', async () => {
  const ada = await open({ name: 'Ada' })
  const grace = await open({ name: 'Grace' })
  proxy.stall(true)
  await ada.say('Did it arrive?')
  await until(
    'the message is stored',
    () => logOf('lobby'),
    ({ length }) => length === 1,
  )
  expect(await ada.state('Did it arrive?')).toBe('Sending …')
  // Another name is another client: the one that could have got the answer is closed.
  await ada.rename('Ada L.')
  await until(
    'the page knows that it does not know',
    () => ada.item('Did it arrive?').locator('.why').textContent(),
    (why) => /^Nobody knows/.test(why ?? ''),
  )
  proxy.stall(false)
  for (const window of windows) await window.shows(['Ada: Did it arrive?'])
  // The text stood there before, as one that was not sent; what changes is its state.
  await until(
    'the page knows that it was stored',
    () => ada.state('Did it arrive?'),
    (state) => state === 'Sent',
  )
  expect(await ada.item('Did it arrive?').locator('.failure').isHidden()).toBe(true)
  await grace.say('It did')
  for (const window of windows) await window.shows(['Ada: Did it arrive?', 'Grace: It did'])
  expect(await logOf('lobby')).toEqual(['Ada: Did it arrive?', 'Grace: It did'])
})

test('the countdown runs and "Retry now" does not wait for it', { retry: 2 }, async () => {
  const ada = await open({ name: 'Ada' })
  const { page } = ada
  proxy.refuse(true)
  proxy.cut()
  const seconds = async () => Number(/\d+/.exec((await page.locator('#countdown').textContent()) ?? '')?.[0] ?? 0)
  const first = await until('a longer wait', seconds, (left) => left >= 4)
  await until('the countdown runs', seconds, (left) => left > 0 && left < first)
  await until('a longer wait', seconds, (left) => left >= 4)
  proxy.refuse(false)
  // Really passes: a machine that stood still once does not do so each time.
  const started = Date.now()
  await page.locator('#again').click()
  await until(
    'back again',
    () => ada.banners(),
    (seen) => seen.at(-1) === 'Back again. You missed nothing.',
  )
  expect(Date.now() - started).toBeLessThan(3_000)
})

test('a refused message shows the words of the server, and can be retried or deleted', async () => {
  const ada = await open({})
  await open({ name: 'Grace' })
  await ada.page.getByRole('button', { name: 'Just look around' }).click()
  for (const text of ['First try', 'Never mind']) {
    await ada.say(text)
    await until(
      'the refusal',
      () => ada.item(text).locator('.why').textContent(),
      (why) => why === 'The server wants to know your name first.',
    )
    expect(await ada.state(text)).toBe('Not sent')
  }
  await ada.item('Never mind').getByRole('button', { name: 'Delete' }).click()
  await ada.shows(['No name: First try'])

  await ada.rename('Ada')
  await ada.item('First try').getByRole('button', { name: 'Retry' }).click()
  for (const window of windows) await window.shows(['Ada: First try'])
  expect(await ada.state('First try')).toBe('Sent')
  expect(await ada.item('First try').locator('.failure').isHidden()).toBe(true)
  expect(await logOf('lobby')).toEqual(['Ada: First try'])
  const attempts = ada.published.filter(({ data }) => data.text === 'First try')
  const [first, second] = attempts.map(({ key }) => key)
  expect(attempts.length).toBe(2)
  expect(first).toMatch(/./)
  expect(second).toBe(first)
})

test('who changes a name may think better of it, and keeps the one that is there', async () => {
  const ada = await open({ name: 'Ada' })
  await ada.page.locator('#me').click()
  await ada.page.getByRole('textbox', { name: 'Name' }).fill('Somebody else')
  await ada.page.getByRole('button', { name: 'Cancel' }).click()
  expect(await ada.page.locator('#me').textContent()).toBe('Ada · change name')
  await ada.rename('Ada Lovelace')
  expect(await ada.page.locator('#me').textContent()).toBe('Ada Lovelace · change name')
})

test('while the server cannot store, the page says so, and what is written waits', async () => {
  const ada = await open({ name: 'Ada' })
  chat.backend.setDegraded(true)
  const words = () => ada.page.locator('#banner:not([hidden]) #words').allTextContents()
  await until('the trouble is told', words, ([said]) => said?.startsWith('The server cannot store') === true)
  await ada.say('Later')
  expect(await ada.state('Later')).not.toBe('Not sent')
  expect(await logOf('lobby').catch(() => [])).toEqual([])
  chat.backend.setDegraded(false)
  await until(
    'the message is sent',
    () => ada.state('Later'),
    (state) => state === 'Sent',
  )
  await until('the trouble is over', words, ([said]) => !said?.startsWith('The server cannot store'))
  expect(await logOf('lobby')).toEqual(['Ada: Later'])
})

test('a keyboard is enough: name, room, message', async () => {
  const grace = await open({ name: 'Grace', room: 'coffee' })
  const ada = await open({})
  const { keyboard } = ada.page
  const focused = () =>
    ada.page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim() || '')
  const tabTo = async (target: string, key: 'Tab' | 'Shift+Tab') => {
    for (let i = 0; i < 10 && (await focused()) !== target; i++) await keyboard.press(key)
    expect(await focused()).toBe(target)
    const outline = await ada.page.evaluate(
      () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
    )
    expect(outline).toBe('solid')
  }
  expect(await focused()).toBe('name')
  await keyboard.type('Ada')
  await keyboard.press('Enter')
  await until('focus is on the message', focused, (id) => id === 'text')
  await tabTo('coffee', 'Shift+Tab')
  await keyboard.press('Enter')
  await until(
    'the room changed',
    () => ada.page.locator('#title').textContent(),
    (title) => title === '# coffee',
  )
  await tabTo('text', 'Tab')
  await keyboard.type('One line')
  await keyboard.press('Shift+Enter')
  await keyboard.type('and another')
  await keyboard.press('Enter')
  await grace.shows(['Ada: One line\nand another'])
  await keyboard.press('Shift+Tab')
  expect(await ada.page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('log')
  await keyboard.press('Escape')
  expect(await focused()).toBe('text')
})

test('who comes later finds the latest messages, and nothing moves while they load', async () => {
  const all = Array.from({ length: 60 }, (_, i) => `Server: number ${i}`)
  for (let i = 0; i < 60; i++) await chat.realtime.publish('room:lobby', { name: 'Server', text: `number ${i}` })
  const ada = await open({ name: 'Ada' })
  await ada.shows(all.slice(10))
  const shift = await ada.page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) sum += (entry as PerformanceEntry & { value: number }).value
        }).observe({ type: 'layout-shift', buffered: true })
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)))
      }),
  )
  expect(shift).toBeLessThan(0.01)
})

test('new messages do not pull a reader away; a button leads to them', async () => {
  for (let i = 0; i < 60; i++) await chat.realtime.publish('room:lobby', { name: 'Server', text: `number ${i}` })
  const ada = await open({ name: 'Ada' })
  const log = ada.page.locator('.room:not([hidden]) .log')
  const below = () => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)
  const jump = ada.page.getByRole('button', { name: 'New messages' })
  // The end of an empty room is in view as well.
  await until('the last message', () => log.getByText('number 59').isVisible())
  await until('the end is in view', below, (distance) => distance < 2)
  await log.evaluate((element) => (element.scrollTop = 200))
  await until('the reader scrolled up', below, (distance) => distance > 100)
  await chat.realtime.publish('room:lobby', { name: 'Server', text: 'news' })
  await until('the button', () => jump.isVisible())
  expect(await log.evaluate((element) => element.scrollTop)).toBe(200)
  await jump.click()
  await until('the end is in view', below, (distance) => distance < 2)
  expect(await jump.isVisible()).toBe(false)
})

test('a room with a long name does not make the list of rooms wider than its place', async () => {
  const ada = await open({ name: 'Ada', room: 'a-room-with-quite-a-long-name-of-forty-ch' })
  const list = ada.page.locator('nav')
  expect(await list.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)
  expect(await ada.page.locator('nav a').last().textContent()).toContain('a-room-with-quite')
})

test('everything that can be used has a name, and nothing is wider than a small phone', async () => {
  const viewport = { width: 320, height: 640 }
  const ada = await open({ name: 'Ada', room: 'a-room-with-quite-a-long-name-of-forty-ch', viewport })
  await ada.say('W'.repeat(300))
  await until(
    'the message is sent',
    () => ada.state('WWW'),
    (state) => state === 'Sent',
  )
  expect(await ada.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
  const session = await ada.page.context().newCDPSession(ada.page)
  const { nodes } = await session.send('Accessibility.getFullAXTree')
  const named = nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name }) => ({ role: String(role?.value), name: String(name?.value ?? '') }))
  for (const role of ['button', 'textbox', 'link', 'log', 'navigation']) {
    const names = named.filter((node) => node.role === role).map(({ name }) => name)
    expect(names.length, role).toBeGreaterThan(0)
    expect(
      names.filter((name) => !name.trim()),
      role,
    ).toEqual([])
  }
})
