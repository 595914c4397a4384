import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { until } from '../../../chat/test/support/until.js'

type Options = Pick<BrowserContextOptions, 'viewport' | 'colorScheme'> & { readonly path?: string }

/** A browser window of its own, with nothing in common with the others. */
export class Window {
  /** Errors nobody caught, and what the page complained of. */
  readonly faults: string[] = []

  private constructor(readonly page: Page) {}

  static async open(browser: Browser, url: string, { path = '/', ...options }: Options = {}): Promise<Window> {
    const page = await (await browser.newContext(options)).newPage()
    const window = new Window(page)
    page.on('pageerror', (error) => window.faults.push(error.message))
    await page.goto(url + path)
    return window
  }

  /** Waits until an element shows exactly this text. */
  async shows(selector: string, text: string): Promise<void> {
    await until(
      `${selector} shows ${JSON.stringify(text)}`,
      () =>
        this.page
          .locator(selector)
          .first()
          .textContent({ timeout: 1 })
          .catch(() => undefined),
      (seen) => seen?.trim() === text,
    )
  }

  close(): Promise<void> {
    return this.page.context().close()
  }
}

/** A customer's window. */
export class CustomerWindow {
  constructor(readonly window: Window) {}

  get page(): Page {
    return this.window.page
  }

  async choose(shop: string, ...dishes: readonly string[]): Promise<void> {
    await this.page.getByRole('link', { name: 'Takeaway' }).click()
    await this.page.getByRole('link', { name: shop }).click()
    for (const dish of dishes) await this.page.getByRole('button', { name: `One ${dish} more` }).click()
  }

  /** Orders what was chosen. */
  async order(name: string, note = ''): Promise<void> {
    await this.page.locator('#name').fill(name)
    await this.page.locator('#note').fill(note)
    await this.page.locator('#send').click()
  }
}

/** A shop's window. */
export class ShopWindow {
  constructor(readonly window: Window) {}

  get page(): Page {
    return this.window.page
  }

  async signIn(shop: string): Promise<void> {
    await this.page.locator('#shop').selectOption({ label: shop })
    await this.page.getByRole('button', { name: 'Sign in' }).click()
    await this.window.shows('#title', shop)
  }

  /** Opens the shop, and waits until it is live. */
  async open(): Promise<void> {
    await this.page.getByRole('button', { name: 'Open for business' }).click()
    await this.live()
  }

  async live(): Promise<void> {
    await until('the board is loaded', () => this.page.locator('#board[aria-busy=false]:not([hidden])').count())
  }

  ticket(text: string) {
    return this.page.locator('.ticket').filter({ hasText: text })
  }

  /** The tickets of a column, as `#number name`, in order. */
  column(status: string): Promise<string[]> {
    return this.page
      .locator(`[data-status="${status}"] .ticket`)
      .evaluateAll((all) =>
        all.map((each) => `${each.querySelector('.number')?.textContent} ${each.querySelector('.name')?.textContent}`),
      )
  }

  async has(status: string, tickets: readonly string[]): Promise<void> {
    await until(
      `${status}: ${tickets.join()}`,
      () => this.column(status),
      (seen) => seen.join() === tickets.join(),
    )
  }
}

/** What moved by itself on the page so far, with how much. */
export function layoutShifts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    type Shift = PerformanceEntry & {
      value: number
      hadRecentInput: boolean
      sources: Array<{ node: Element | null; previousRect: DOMRect; currentRect: DOMRect }>
    }
    return new Promise<string[]>((resolve) => {
      const shifts: string[] = []
      new PerformanceObserver((list) => {
        for (const { value, hadRecentInput, sources } of list.getEntries() as Shift[]) {
          if (hadRecentInput || value < 0.001) continue
          const moved = sources.map(({ node, previousRect, currentRect }) => {
            const name = node instanceof Element ? `${node.tagName}#${node.id}.${node.className}` : 'text'
            return `${name} from ${previousRect.x},${previousRect.y} to ${currentRect.x},${currentRect.y}`
          })
          shifts.push(`${value.toFixed(3)}: ${moved.join('; ')}`)
        }
      }).observe({ type: 'layout-shift', buffered: true })
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(shifts)))
    })
  })
}
