import { chromium, type Browser, type Page } from 'playwright-core'
import { until } from './until.js'

/** Starts the Chromium that the configuration of the tests found. */
export function launch(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_PATH']
  if (!executablePath) throw new Error('CHROMIUM_PATH names no Chromium')
  // Chromium has no sandbox for root, and CI containers run as root.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
}

/** Settings of a window. */
export interface WindowOptions {
  /** Name that was given at an earlier visit. Without one, the page asks. */
  readonly name?: string
  readonly room?: string
  readonly viewport?: { readonly width: number; readonly height: number }
}

/** What a publish frame says. */
export interface Attempt {
  readonly key?: string
  readonly data: { readonly text: string }
}

/** A browser window of its own, with nothing in common with the others, in which somebody uses the chat. */
export class Window {
  /** Errors nobody caught. */
  readonly faults: string[] = []
  /** How many WebSockets the page opened or tried to open so far. */
  sockets = 0
  /** The publish frames it sent. */
  readonly published: Attempt[] = []

  private constructor(readonly page: Page) {}

  static async open(browser: Browser, url: string, { name, room = 'lobby', viewport }: WindowOptions): Promise<Window> {
    const context = await browser.newContext({ ...(viewport && { viewport }) })
    const page = await context.newPage()
    const window = new Window(page)
    page.on('pageerror', (error) => window.faults.push(error.message))
    page.on('websocket', (socket) => {
      window.sockets++
      socket.on('framesent', ({ payload }) => {
        const frame = JSON.parse(String(payload)) as { type: string } & Attempt
        if (frame.type === 'publish') window.published.push(frame)
      })
    })
    await page.addInitScript(() => {
      const seen: string[] = []
      Object.assign(globalThis, { seenBanners: seen })
      new MutationObserver(() => {
        const banner = document.querySelector<HTMLElement>('#banner')
        const words = banner?.hidden === false ? (document.querySelector('#words')?.textContent ?? '') : ''
        if (words && words !== seen.at(-1)) seen.push(words)
      }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true })
    })
    if (name !== undefined) await page.addInitScript((given) => localStorage.setItem('name', given), name)
    await page.goto(`${url}/#${room}`)
    if (name !== undefined)
      await until(`${name} is in the room`, () => page.locator('.room:not([hidden]) [aria-busy=false]').count())
    return window
  }

  /** Everything the banner ever said, in order. */
  banners(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as { seenBanners: string[] }).seenBanners)
  }

  /** The messages of the room on show, as `name: text`, in order. */
  messages(): Promise<string[]> {
    return this.page
      .locator('.room:not([hidden]) .message')
      .evaluateAll((items) =>
        items.map((item) => `${item.querySelector('.name')?.textContent}: ${item.querySelector('.text')?.textContent}`),
      )
  }

  /** The lines that say that something is missing. */
  notes(): Promise<string[]> {
    return this.page.locator('.room:not([hidden]) .note').allTextContents()
  }

  /** How far the message with this text got, as the page words it. */
  async state(text: string): Promise<string> {
    return (await this.item(text).locator('.state').textContent()) ?? ''
  }

  item(text: string) {
    return this.page.locator('.room:not([hidden]) .message').filter({ hasText: text })
  }

  async say(text: string): Promise<void> {
    await this.page.locator('#text').fill(text)
    await this.page.locator('#text').press('Enter')
  }

  async rename(name: string): Promise<void> {
    await this.page.locator('#me').click()
    await this.page.getByRole('textbox', { name: 'Name' }).fill(name)
    await this.page.getByRole('button', { name: /^(Join|Save)$/ }).click()
  }

  /** Waits for the messages to be exactly these. */
  async shows(expected: readonly string[]): Promise<void> {
    await until(
      `the messages ${JSON.stringify(expected)}`,
      () => this.messages(),
      (seen) => seen.join('\n') === expected.join('\n'),
    )
  }

  close(): Promise<void> {
    return this.page.context().close()
  }
}
