import type { Since } from '@org/realtime-protocol'
import type { Recovery } from '../ports/index.js'
import type { ChannelContext } from './channel.js'
import type { Turn } from './turns.js'

/**
 * The broker as one channel sees it: every request is tried until it succeeds. Subscribers wait, and nothing is lost,
 * until the broker is back. Requests reject only once the channel is closed.
 */
export class PatientBroker {
  private closed = false
  /** The reading that waits for its turn, or is under way. */
  private turn: Turn<Recovery> | undefined

  constructor(
    private readonly channel: string,
    private readonly context: ChannelContext,
  ) {}

  /** Whether the channel is closed. */
  get isClosed(): boolean {
    return this.closed
  }

  /** Has the publications of the channel handed to this node. */
  subscribe(): Promise<void> {
    return this.retrying(() => this.context.broker.subscribe(this.channel))
  }

  /** Judges a position and reads on from it. */
  recover(since: Since | undefined, limit: number): Promise<Recovery> {
    return this.retrying(() => this.context.broker.recover(this.channel, since, limit))
  }

  /**
   * The same, in its turn among all that the node verifies.
   *
   * @param begins Called when the broker is asked, each time: what happened before is part of the answer.
   */
  verify(since: Since, limit: number, begins: () => void): Promise<Recovery> {
    const { broker, upkeep } = this.context
    return this.retrying((failures) => {
      const read = async (): Promise<Recovery> => {
        if (this.closed) throw new Error('the channel is closed')
        begins()
        return broker.recover(this.channel, since, limit)
      }
      this.turn = upkeep.turn('channels', read, failures)
      return this.turn.done
    })
  }

  /** Somebody waits for what is to be verified. */
  hasten(): void {
    this.turn?.hasten()
  }

  /** Runs work that ends with an error only when the channel was closed under it. */
  run(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.closed) this.report('verify', error)
    })
  }

  /** Lets go of the broker. */
  close(): void {
    this.closed = true
    this.context.broker.unsubscribe(this.channel).catch((error: unknown) => this.report('unsubscribe', error))
  }

  private async retrying<T>(attempt: (failures: number) => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt(failures)
      } catch (error) {
        if (this.closed) throw error
        this.report('read', error)
        const { upkeep } = this.context
        await upkeep.pause(upkeep.delayMs(failures))
        // A try after `unsubscribe` would leave a subscription behind that nobody ends.
        if (this.closed) throw error
      }
    }
  }

  private report(operation: string, error: unknown): void {
    this.context.logger.error('broker failed', { channel: this.channel, operation, error })
  }
}
