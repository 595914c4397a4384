import type { ClientOptions } from '@org/realtime-client'
import { WebSocket } from 'ws'

/** The links of one client, as it has them one after the other. */
export class Links {
  private serial = 0
  /** Port on this side of the link that was made last. */
  port: number | undefined
  /** For the client to use. */
  readonly WebSocket: NonNullable<ClientOptions['WebSocket']>

  /**
   * @param ended is told of the end of a link before the client hears of it: when the client hangs up, and when the socket is
   * closed. What the client is asked in between, it takes for lost with this link.
   */
  constructor(ended: (link: string) => void) {
    const begin = (): string => {
      this.serial += 1
      return this.current
    }
    const made = (port: number | undefined): void => void (this.port = port)
    this.WebSocket = class extends WebSocket {
      private readonly link = begin()

      constructor(url: string, protocols: string) {
        // As in a browser: who waits for the answer in one message has it before the next message comes.
        super(url, protocols, { allowSynchronousEvents: false })
        this.once('upgrade', ({ socket }) => made(socket.localPort))
        this.once('close', () => ended(this.link))
      }

      override close(code?: number, reason?: string): void {
        ended(this.link)
        super.close(code, reason)
      }
    }
  }

  /** The one that was dialled last. */
  get current(): string {
    return `link${this.serial}`
  }
}
