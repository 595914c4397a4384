import { Command, Redis } from 'ioredis'
import type { Address } from './address.js'
import type { Dialing } from './settings.js'

/** Sentinels to ask for the address, in place of one. */
export type Target = Address | ({ readonly sentinels: Address[]; readonly name: string } & Partial<Dialing>)

/**
 * One connection to one Redis, from its dial to its end. It never dials twice: who wants another one makes another one,
 * so that no answer and no event of an earlier connection can be taken for one of the present.
 */
export class Connection {
  /** Called once, when a connection that was open has ended. */
  onClose: (error: Error) => void = () => undefined
  /** Called for each text of a topic. */
  onText: (topic: string, text: string) => void = () => undefined
  /** Called when Redis itself ended subscriptions, because their slot lives elsewhere now. */
  onMoved: () => void = () => undefined

  /** Names the replication history that Redis served when it was got ready; empty before. */
  history = ''

  private readonly redis: Redis
  private failure: Error | undefined
  private isCorked = false

  constructor(target: Target, options: Dialing) {
    this.redis = new Redis({ ...options, ...target, lazyConnect: true, replyMapping: 'legacy' })
    this.redis.on('error', (error: Error) => (this.failure = error))
    this.redis.on('message', (topic: string, text: string) => this.onText(topic, text))
    this.redis.on('smessage', (topic: string, text: string) => this.onText(topic, text))
    this.redis.on('moved', () => this.onMoved())
  }

  /** Dials. Resolves when Redis takes commands. */
  async open(): Promise<void> {
    try {
      await this.redis.connect()
    } catch (error) {
      this.hangup()
      throw this.failure ?? error
    }
    this.redis.on('end', () => this.onClose(this.failure ?? new Error('Redis closed the connection')))
  }

  /** Sends a command. Commands of one turn of the loop go out in one write, and are answered in order. */
  send(name: string, args: readonly (string | number)[]): Promise<unknown> {
    this.cork()
    const command = new Command(name, [...args], { replyEncoding: 'utf8' })
    void this.redis.sendCommand(command)
    return command.promise
  }

  /** Ends it at once, also when nobody is there to end it with. What is under way rejects. */
  hangup(): void {
    const { stream } = this.redis
    this.redis.disconnect()
    stream?.destroy()
  }

  private cork(): void {
    const { stream } = this.redis
    if (this.isCorked || !stream) return
    this.isCorked = true
    stream.cork()
    setImmediate(() => {
      this.isCorked = false
      stream.uncork()
    })
  }
}
