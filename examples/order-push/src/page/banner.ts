import type { Client } from './follow.js'
import { byId, write } from './dom.js'
import { troubleInWords } from './words.js'

const NEWS_MS = 5_000

/** The line over the page: what is wrong with the connection, or that it is back. */
export class Banner {
  private client: Client | undefined
  private wasLost = false
  private newsUntil = 0

  constructor() {
    byId('again').onclick = () => this.client?.connect()
    setInterval(() => this.draw(), 1000)
  }

  /** Speaks of this client from now on. */
  watch(client: Client): void {
    this.client = client
    this.wasLost = false
    client.on('state', ({ previous, status }) => {
      if (client !== this.client) return
      if (previous === 'connected') this.wasLost = true
      if (status === 'connected' && this.wasLost) {
        this.wasLost = false
        this.newsUntil = performance.now() + NEWS_MS
      }
      this.draw()
    })
    this.draw()
  }

  /** Says nothing any more. */
  leave(): void {
    this.client = undefined
    this.draw()
  }

  private draw(): void {
    const state = this.client?.state
    const trouble = state && troubleInWords(state)
    const news = performance.now() < this.newsUntil && this.client ? 'Back again. Everything is up to date.' : ''
    const banner = byId('banner')
    banner.hidden = !trouble && !news
    banner.dataset['tone'] = trouble ? 'trouble' : 'news'
    // The countdown is apart, or a screen reader would read the line every second.
    write(byId('words'), trouble ?? news)
    const wait = state?.offline ? undefined : state?.retryInMs
    write(byId('countdown'), wait === undefined ? '' : `Next try in ${Math.ceil(wait / 1000)} s`)
    byId('again').hidden = wait === undefined
  }
}
