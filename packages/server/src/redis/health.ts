import type { Timer } from '../ports/index.js'
import type { LineHandler } from './line.js'
import type { LineParts } from './settings.js'

/** A connection that is back within this time was never away, for those who use it. */
const GRACE_MS = 500
/** What happens together is verified once. */
const RESYNC_MS = 50
/** What is not back by then is not waited for: one master of a Cluster may be away for hours. */
const PATIENCE_MS = 5_000

/** What is wrong with the line at the moment, and who hears of it. */
export class Health {
  private readonly handlers = new Set<LineHandler>()
  private readonly troubles = new Map<string, Error>()
  private isDegraded = false
  private degrading: Timer
  private resyncing: Timer
  private owesResync = false

  constructor(
    private readonly parts: LineParts,
    private readonly resynced: () => void,
  ) {}

  watch(handler: LineHandler): () => void {
    this.handlers.add(handler)
    if (this.isDegraded) handler.degraded(true)
    return () => void this.handlers.delete(handler)
  }

  /** The line is used. */
  opened(): void {
    this.tell((handler) => handler.opened?.())
  }

  /** Something does not work, by its name. */
  trouble(name: string, error: Error): void {
    const known = this.troubles.get(name)
    this.troubles.set(name, error)
    if (known?.message !== error.message) {
      this.parts.logger[known ? 'debug' : 'warn']('Redis cannot be reached', { part: name, error })
    }
    if (this.isDegraded || this.degrading !== undefined) return
    this.degrading = this.parts.clock.setTimer(() => {
      this.degrading = undefined
      this.isDegraded = true
      const [error] = this.troubles.values()
      this.parts.logger.error('degraded: publishes fail until Redis is back', { error })
      this.tell((handler) => handler.degraded(true))
    }, GRACE_MS)
  }

  /** It works again, or is not needed any more. */
  fine(name: string): void {
    if (!this.troubles.delete(name) || this.troubles.size > 0) return
    this.parts.clock.clearTimer(this.degrading)
    this.degrading = undefined
    if (this.isDegraded || this.owesResync) {
      this.parts.clock.clearTimer(this.resyncing)
      this.resyncing = undefined
    }
    if (!this.isDegraded) {
      if (this.owesResync) this.resync()
      return
    }
    this.isDegraded = false
    this.parts.logger.info('Redis is back')
    this.tell((handler) => handler.degraded(false))
    this.verify()
  }

  /** Everything has to be verified: now, or when all is well again. */
  resync(): void {
    if (this.resyncing !== undefined) return
    this.resyncing = this.parts.clock.setTimer(() => {
      this.resyncing = undefined
      if (this.troubles.size === 0) return this.verify()
      // What is lost together comes back one by one: it is verified once, when all of it is back, or nearly.
      this.owesResync = true
      this.resyncing = this.parts.clock.setTimer(() => {
        this.resyncing = undefined
        this.verify()
      }, PATIENCE_MS)
    }, RESYNC_MS)
  }

  /** Nothing is wrong, because nothing is needed. */
  reset(): void {
    const { clock } = this.parts
    clock.clearTimer(this.degrading)
    clock.clearTimer(this.resyncing)
    this.degrading = this.resyncing = undefined
    this.troubles.clear()
    this.isDegraded = this.owesResync = false
  }

  private verify(): void {
    this.owesResync = false
    this.resynced()
    this.tell((handler) => handler.resync())
  }

  private tell(what: (handler: LineHandler) => void): void {
    for (const handler of [...this.handlers]) what(handler)
  }
}
