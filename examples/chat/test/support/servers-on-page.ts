import type { Page } from 'playwright-core'
import { until } from './until.js'

/** What the page says of each server. */
export type ServerWords = Readonly<Record<string, string>>

/** The servers of the demo of several, as its page shows them. */
export class ServersOnPage {
  constructor(private readonly page: Page) {}

  /** What is said of each server now. */
  async words(): Promise<ServerWords> {
    const rows = await this.items().evaluateAll((items) =>
      items.map((item) => [item.id.replace('node-', ''), item.querySelector('.status')?.textContent ?? '']),
    )
    return Object.fromEntries(rows) as ServerWords
  }

  /** Waits for what is said of the servers. */
  async show(isGood: (words: ServerWords) => boolean): Promise<void> {
    await until('the servers', () => this.words(), isGood)
  }

  /** The server that the page is connected to. */
  async here(): Promise<string> {
    const found = Object.entries(await this.words()).find(([, word]) => word === 'you are here')
    if (!found) throw new Error('the page is on no server')
    return found[0]
  }

  /** Presses the button. From now on it is written down what is said of this server. */
  async kill(name: string): Promise<void> {
    await this.page.evaluate((id) => {
      const status = document.querySelector(`#${id} .status`)
      const said = [status?.textContent ?? '']
      Object.assign(globalThis, { [id]: said })
      if (status) new MutationObserver(() => said.push(status.textContent ?? '')).observe(status, { childList: true })
    }, idOf(name))
    await this.page.getByRole('button', { name: `Kill server ${name}` }).click()
  }

  /** What was said of a server since its button was pressed, each word once in a row, the one before first. */
  async history(name: string): Promise<string[]> {
    const said = await this.page.evaluate((id) => (globalThis as unknown as Record<string, string[]>)[id], idOf(name))
    return (said ?? []).filter((word, i) => word !== said?.[i - 1])
  }

  /** The servers whose button can be pressed. */
  async canKill(): Promise<string[]> {
    const ids = await this.items().evaluateAll((items) =>
      items.filter((item) => !item.querySelector('button')?.disabled).map(({ id }) => id.replace('node-', '')),
    )
    return ids
  }

  /** Where each server stands on the page. */
  boxes(): Promise<unknown> {
    return this.items().evaluateAll((items) =>
      items.map((item) => {
        const { left, top, width, height } = item.getBoundingClientRect()
        return [item.id, left, top, width, height].map((each) => (typeof each === 'number' ? Math.round(each) : each))
      }),
    )
  }

  private items() {
    return this.page.locator('#nodes li')
  }
}

function idOf(name: string): string {
  return `node-${name}`
}
