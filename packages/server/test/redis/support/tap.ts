import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** An epoch in an answer of Redis. */
const EPOCHS = /\$\d+\r\n[\w-]{10}\.[\w~-]{6,}\r\n/g

/** A wire to a Redis that a test can bend, cut and lead elsewhere. */
export class Tap {
  /** Where new connections lead. */
  target: number
  /** What becomes of the bytes that Redis sends; undefined: they are lost. */
  fromRedis: (text: string, socket: Socket) => string | undefined = (text) => text
  /** Connections that were made so far. */
  made = 0
  url = ''
  port = 0
  private readonly sockets = new Set<Socket>()
  /** Ends over which nothing comes or goes, not even that they end. */
  private readonly muted = new Set<Socket>()
  private readonly server = createServer({ allowHalfOpen: true }, (near) => this.join(near))

  private constructor(target: number) {
    this.target = target
  }

  static async to(target: number): Promise<Tap> {
    const tap = new Tap(target)
    await new Promise<void>((resolve) => tap.server.listen(0, '127.0.0.1', resolve))
    tap.port = (tap.server.address() as AddressInfo).port
    tap.url = `redis://127.0.0.1:${tap.port}`
    return tap
  }

  /**
   * From now on, the next answer that names at least so many epochs gets lost, and its connection ends; `first` is done before
   * it ends.
   * @returns How many were lost so far: none or one.
   */
  loseAnswer(epochs: number, first: () => Promise<unknown> = () => Promise.resolve()): () => number {
    let deaf: Socket | undefined
    this.fromRedis = (text, socket) => {
      // Answers come in order: with one of them, all that follow are lost.
      if (deaf) return socket === deaf ? undefined : text
      if ((text.match(EPOCHS)?.length ?? 0) < epochs) return text
      deaf = socket
      void first().finally(() => socket.destroy())
      return undefined
    }
    return () => (deaf ? 1 : 0)
  }

  /** From now on nothing comes or goes over the connections there are; new ones are as ever. */
  mute(): void {
    for (const socket of this.sockets) this.muted.add(socket)
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private join(near: Socket): void {
    this.made += 1
    const far = connect(this.target, '127.0.0.1')
    const ends = [near, far] as const
    for (const end of ends) {
      this.sockets.add(end)
      end.once('close', () => {
        this.sockets.delete(end)
        for (const other of ends) other.destroy()
      })
      end.on('error', () => undefined)
    }
    near.on('end', () => !this.muted.has(near) && near.end())
    near.on('data', (bytes) => !this.muted.has(near) && far.write(bytes))
    far.on('data', (bytes) => {
      if (this.muted.has(far)) return
      const text = this.fromRedis(bytes.toString('latin1'), near)
      if (text !== undefined && !near.destroyed) near.write(Buffer.from(text, 'latin1'))
    })
  }
}
