import type { WireError } from '@org/realtime-protocol'
import type { HeldSession, Logger, SessionStore } from '../ports/index.js'
import { wireError } from './wire-errors.js'

/**
 * The channels that the server subscribed a session to. They belong to the session, not to a link, and are written
 * whenever they change, one write after the other, so that a resume anywhere finds them.
 */
export class KeptSubscriptions {
  private readonly channels: Set<string>
  /** What the record holds; nothing when a write may or may not have been done. */
  private written: string | undefined
  private tail: Promise<unknown> = Promise.resolve()

  constructor(channels: readonly string[] = []) {
    this.channels = new Set(channels)
    this.written = JSON.stringify(channels)
  }

  /** Their names. */
  get names(): string[] {
    return [...this.channels]
  }

  /** Whether a channel is one of them. */
  has(channel: string): boolean {
    return this.channels.has(channel)
  }

  /** Keeps one more, or says why it could not be written: then it is not kept. */
  async add(channel: string, session: HeldSession, store: SessionStore, logger: Logger) {
    this.channels.add(channel)
    const error = await this.write(session, store, logger)
    if (error) this.channels.delete(channel)
    return error
  }

  /** Keeps one no longer: from now on, and in the record as soon as that can be written. */
  remove(channel: string, session: HeldSession, store: SessionStore, logger: Logger) {
    this.channels.delete(channel)
    return this.write(session, store, logger)
  }

  /** Writes what the record may not hold. */
  write(session: HeldSession, store: SessionStore, logger: Logger): Promise<WireError | undefined> {
    const write = this.tail.then(async () => {
      const { names } = this
      const text = JSON.stringify(names)
      if (this.written === text) return undefined
      this.written = undefined
      try {
        if (!(await store.keep(session.id, session.owner, names))) return wireError('SUPERSEDED')
        this.written = text
        return undefined
      } catch (error) {
        logger.error('session store failed', { operation: 'keep', error })
        return wireError('UNAVAILABLE', { message: 'the session store cannot be reached' })
      }
    })
    this.tail = write
    return write
  }
}
