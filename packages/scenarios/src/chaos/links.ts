import type { ClientOptions } from '@org/realtime-client'
import { WebSocket } from 'ws'

/** The links of one client, as it has them one after the other. */
export class Links {
  private serial = 0
  /** For the client to use. */
  readonly WebSocket: NonNullable<ClientOptions['WebSocket']>

  /** @param ended is told of the end of a link before the client hears of it. */
  constructor(ended: (link: string) => void) {
    const begin = (): string => {
      this.serial += 1
      return this.current
    }
    this.WebSocket = class extends WebSocket {
      private readonly link = begin()
      private isOver = false

      constructor(url: string, protocols: string) {
        super(url, protocols)
        this.once('close', () => this.over())
      }

      override close(code?: number, reason?: string): void {
        this.over()
        super.close(code, reason)
      }

      private over(): void {
        if (!this.isOver) ended(this.link)
        this.isOver = true
      }
    }
  }

  /** The one that was dialled last. */
  get current(): string {
    return `link${this.serial}`
  }
}
