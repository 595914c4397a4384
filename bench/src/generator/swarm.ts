import { Said, type Dialect, type Wish } from './dialects/dialect.js'
import { Link, type LinkListener } from './link.js'

/** How many links are opened at a time. Below the backlog of a listening socket. */
const OPENING = 200

/** What arrived since the last reset. */
export interface Arrived {
  deliveries: number
  answers: number
  frames: number
  bytes: number
}

/** Hears what a measurement is about. The bytes are gone after the call. */
export interface SwarmListener {
  /** A message arrived. */
  delivery?(bytes: Buffer, start: number, end: number): void
  /** A request of a link was answered. */
  answer?(index: number): void
  /** A frame that opens a link arrived. */
  ready?(wish: Wish, bytes: Buffer, start: number, end: number): void
}

/** Many links to one server, which count what they get. What must not come is kept, and fails the measurement. */
export class Swarm {
  readonly links: Link[] = []
  readonly arrived: Arrived = { deliveries: 0, answers: 0, frames: 0, bytes: 0 }
  /** Who looks at what arrives. */
  listener: SwarmListener = {}
  private trouble: string | undefined
  /** Called for each link that is lost while all of them are to be. */
  private mourn: (() => void) | undefined
  private waiting: { isMet(): boolean; resolve(): void; reject(error: Error): void } | undefined

  constructor(
    /** Of the server that links are opened to. */
    public port: number,
    readonly dialect: Dialect,
  ) {}

  /** Opens a link for each wish, and resolves when all are ready. */
  async open(wishes: readonly Wish[]): Promise<void> {
    let next = 0
    const lane = async (): Promise<void> => {
      for (let wish = wishes[next++]; wish; wish = wishes[next++]) await this.openOne(wish)
    }
    await Promise.all(Array.from({ length: OPENING }, lane))
  }

  /** Breaks all links off. */
  cut(): void {
    for (const link of this.links.splice(0)) link.cut()
  }

  /** Resolves when the server has left all of its links alone, as a server does that is killed. They are forgotten. */
  async lose(): Promise<void> {
    const left = new Set(this.links.splice(0).filter((link) => !link.isOver))
    if (left.size === 0) return
    await new Promise<void>((resolve) => {
      let lost = 0
      this.mourn = () => {
        lost += 1
        if (lost === left.size) resolve()
      }
    })
    this.mourn = undefined
  }

  /** Has the links from a number on leave for good. */
  leave(from: number): void {
    for (const link of this.links.splice(from)) link.leave(this.dialect.farewell)
  }

  /** Counts anew. */
  reset(): void {
    Object.assign(this.arrived, { deliveries: 0, answers: 0, frames: 0, bytes: 0 })
  }

  /** Resolves when what arrived is what was expected; rejects when it is not in time, or more than that. */
  async expect(what: 'deliveries' | 'answers', count: number, withinMs: number): Promise<void> {
    const { arrived } = this
    await this.until(
      () => arrived[what] >= count,
      withinMs,
      () => `${arrived[what]} of ${count} ${what}`,
    )
    // What comes twice comes late.
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (arrived[what] !== count) throw new Error(`${arrived[what]} ${what} came where ${count} were expected`)
    this.check()
  }

  /** Throws when something came that must not. */
  check(): void {
    if (this.trouble !== undefined) throw new Error(this.trouble)
  }

  private async until(isMet: () => boolean, withinMs: number, so: () => string): Promise<void> {
    this.check()
    if (isMet()) return
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        this.waiting = { isMet, resolve, reject }
        timer = setTimeout(() => reject(new Error(`after ${withinMs} ms there were ${so()}`)), withinMs)
      })
    } finally {
      clearTimeout(timer)
      this.waiting = undefined
    }
  }

  private openOne(wish: Wish): Promise<void> {
    return new Promise((resolve, reject) => {
      const { dialect, arrived } = this
      let missing = dialect.readyFrames(wish)
      const listener: LinkListener = {
        opened: () => {
          const greeting = dialect.greeting(wish)
          if (greeting !== undefined) link.send(greeting)
          if (missing === 0) resolve()
        },
        text: (bytes, start, end) => {
          arrived.frames += 1
          arrived.bytes += end - start
          switch (dialect.read(bytes, start, end)) {
            case Said.delivery:
              arrived.deliveries += 1
              this.listener.delivery?.(bytes, start, end)
              return this.wake()
            case Said.answer:
              arrived.answers += 1
              this.listener.answer?.(wish.index)
              return this.wake()
            case Said.ping:
              return link.send(dialect.pong ?? '')
            case Said.ready:
              this.listener.ready?.(wish, bytes, start, end)
              if (--missing === 0) resolve()
              return
            case Said.nothing:
              return
            case Said.refusal:
              return this.fail(`link ${wish.index} got ${bytes.toString('utf8', start, Math.min(end, start + 300))}`)
          }
        },
        close: (code) => {
          if (!link.isOver) this.fail(`link ${wish.index} was closed with ${code}`)
        },
        lost: (why) => {
          if (this.mourn) return this.mourn()
          this.fail(`link ${wish.index} was lost: ${why}`)
          reject(new Error(this.trouble))
        },
      }
      const link = new Link(this.port, dialect, wish, listener)
      this.links[wish.index] = link
    })
  }

  private wake(): void {
    if (this.waiting?.isMet()) this.waiting.resolve()
  }

  private fail(trouble: string): void {
    this.trouble ??= trouble
    this.waiting?.reject(new Error(this.trouble))
  }
}
