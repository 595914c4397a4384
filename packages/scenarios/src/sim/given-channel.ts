import type { RealtimeClient } from '@org/realtime-client'
import { NULL_POSITION, type Position } from '@org/realtime-protocol'
import { LOSSY_FAULTS } from './faults.js'
import { GIVEN } from './kinds.js'
import type { Process } from './process.js'
import { follow } from './rebases.js'
import type { World } from './world.js'

/**
 * What one life of a client gets of the channel that the server subscribes it to. Nobody here asks for it, so it ends
 * only when the server takes it back, or with its session: otherwise it is written down as going on, and owed.
 */
export class GivenChannel {
  private last: Position | undefined
  private session: string | undefined
  /** The session that it was subscribed in. */
  private begunIn: string | undefined

  constructor(
    private readonly user: string,
    client: RealtimeClient,
    process: Process,
    private readonly world: World,
  ) {
    const handle = client.channel(GIVEN)
    const subscriber = this.subscriber
    client.on('connected', ({ session }) => (this.session = session))
    handle.on('state', ({ status }) => {
      if (process.isDead) return
      if (status === 'unsubscribed' && this.mayEnd) this.end()
      if (status !== 'subscribed') return
      this.begunIn = this.session
      if (this.last) return
      this.last = handle.position ?? NULL_POSITION
      world.record({ type: 'sub.ok', subscriber, channel: GIVEN, position: this.last })
    })
    client.on('message', ({ channel, epoch, offset, data }) => {
      if (channel !== GIVEN || process.isDead) return
      follow(world, subscriber, GIVEN, this.last, epoch)
      this.last = { epoch, offset }
      world.record({
        type: 'deliver',
        subscriber,
        channel: GIVEN,
        id: (data as { id: string }).id,
        position: this.last,
      })
    })
    handle.on('gap', ({ reason, from, to, position }) => {
      if (process.isDead) return
      this.last = position
      world.record({ type: 'gap', subscriber, channel: GIVEN, reason, from, to, position })
    })
  }

  /** The life is over, or what it was given. */
  end(): void {
    if (this.last) this.world.record({ type: 'sub.end', subscriber: this.subscriber, channel: GIVEN })
    this.last = undefined
  }

  private get subscriber(): string {
    return this.user
  }

  private get mayEnd(): boolean {
    const { plan, faults } = this.world
    return plan.takesBack || this.session !== this.begunIn || LOSSY_FAULTS.some((kind) => faults.has(kind))
  }
}
