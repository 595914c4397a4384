import type { Since } from '@org/realtime-protocol'
import type { Recovery } from '../ports/index.js'
import type { ChannelContext } from './channel.js'
import { retryDelayMs } from './retry.js'

/**
 * The broker as one channel sees it: every request is tried until it succeeds. Subscribers wait, and nothing is lost,
 * until the broker is back. Requests reject only once the channel is closed.
 */
export class PatientBroker {
  private closed = false

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

  private async retrying<T>(attempt: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt()
      } catch (error) {
        if (this.closed) throw error
        this.report('read', error)
        await new Promise<void>((resolve) => {
          this.context.clock.setTimer(resolve, retryDelayMs(failures))
        })
        // A try after `unsubscribe` would leave a subscription behind that nobody ends.
        if (this.closed) throw error
      }
    }
  }

  private report(operation: string, error: unknown): void {
    this.context.logger.error('broker failed', { channel: this.channel, operation, error })
  }
}
