import { byId } from './dom.js'
import type { Client } from './room.js'
import { plural, troubleInWords } from './words.js'

const NEWS_MS = 8_000

/** The line above the messages: what is wrong with the connection, or else the latest news. */
export class Banner {
  private client: Client | undefined
  private news = { text: '', tone: '', until: 0 }
  private wasLost = false
  private recovered = 0

  constructor() {
    byId('again').onclick = () => this.client?.connect()
    byId('dismiss').onclick = () => this.tell('')
    setInterval(() => this.draw(), 1000)
  }

  /** Speaks of this client from now on. */
  watch(client: Client): void {
    this.client = client
    this.wasLost = false
    client.on('state', ({ previous }) => {
      // A client that was replaced has nothing more to say.
      if (client !== this.client) return
      if (previous === 'connected') {
        this.wasLost = true
        // What was new before is old when the connection is back.
        if (this.news.tone !== 'loss') this.news.until = 0
      }
      this.draw()
    })
    client.on('connected', ({ hello, resumed }) => {
      this.recovered = 0
      if (!resumed) this.tell(String(hello))
    })
  }

  /** A room goes on where it was. The others follow, so the messages are counted together. */
  resumed(count: number): void {
    this.recovered += count
    if (!this.wasLost || this.news.tone === 'loss') return
    this.tell(this.recovered ? `Recovered ${plural(this.recovered, 'message')}.` : 'Back again. You missed nothing.')
  }

  tell(text: string, tone: 'news' | 'loss' = 'news'): void {
    // What was lost stays until it was read.
    this.news = { text, tone, until: tone === 'loss' ? Infinity : performance.now() + NEWS_MS }
    this.draw()
  }

  private draw(): void {
    if (!this.client) return
    const { state } = this.client
    const trouble = troubleInWords(state)
    const text = trouble ?? (performance.now() < this.news.until ? this.news.text : '')
    const banner = byId('banner')
    banner.hidden = !text
    banner.dataset['tone'] = trouble ? 'trouble' : this.news.tone
    // Written only when it changes, or a screen reader would read it every second. So the countdown is apart, too.
    const words = byId('words')
    if (words.textContent !== text) words.textContent = text
    const waiting = state.retryInMs !== undefined && !state.offline
    byId('countdown').textContent = waiting ? `Next try in ${Math.ceil((state.retryInMs ?? 0) / 1000)} s` : ''
    byId('again').hidden = !waiting
    byId('dismiss').hidden = !!trouble
  }
}
