import { connect, type Socket } from 'node:net'
import type { Dialect, Wish } from './dialects/dialect.js'
import { FrameSplitter, masked, type FrameListener } from './frames.js'

/** One buffer takes what any link reads: it is looked at before the next read. */
const READ = Buffer.allocUnsafe(65_536)

const END_OF_HEAD = '\r\n\r\n'

/** Hears what happens on a link. */
export interface LinkListener extends FrameListener {
  /** The upgrade is done. */
  opened(): void
  /** The link is over, though nobody here ended it. */
  lost(why: string): void
}

/** One WebSocket of a client: raw TCP, since a client library costs more than the server that is measured. */
export class Link {
  private readonly socket: Socket
  private readonly splitter: FrameSplitter
  private head: string | undefined = ''
  private gone = false

  constructor(
    port: number,
    { path, subprotocol }: Pick<Dialect, 'path' | 'subprotocol'>,
    wish: Wish,
    private readonly listener: LinkListener,
  ) {
    this.splitter = new FrameSplitter(listener)
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: READ,
        callback: (bytes: number) => {
          this.take(READ.subarray(0, bytes))
          return true
        },
      },
    })
    this.socket.on('error', (error) => this.lose(error.message))
    this.socket.on('close', () => this.lose('the server ended it'))
    this.socket.write(
      `GET ${path(wish)} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
        `${subprotocol ? `Sec-WebSocket-Protocol: ${subprotocol}\r\n` : ''}\r\n`,
    )
  }

  /** Sends a text message. */
  send(text: string): void {
    this.socket.write(masked(text))
  }

  /** Whether this end is through with the link. */
  get isOver(): boolean {
    return this.gone
  }

  /** Says goodbye, and leaves it to the server to end the link; without a word, breaks it off. */
  leave(farewell: string | undefined): void {
    if (farewell === undefined) return this.cut()
    this.gone = true
    this.send(farewell)
  }

  /** Breaks the link off. */
  cut(): void {
    this.gone = true
    this.socket.destroy()
  }

  private take(bytes: Buffer): void {
    if (this.head === undefined) return this.splitter.take(bytes)
    this.head += bytes.toString('latin1')
    const end = this.head.indexOf(END_OF_HEAD)
    if (end === -1) return
    const { head } = this
    this.head = undefined
    if (!head.startsWith('HTTP/1.1 101 ')) return this.lose(head)
    this.listener.opened()
    const rest = head.slice(end + END_OF_HEAD.length)
    if (rest.length > 0) this.splitter.take(Buffer.from(rest, 'latin1'))
  }

  private lose(why: string): void {
    if (this.gone) return
    this.cut()
    this.listener.lost(why)
  }
}
