import type { RealtimeClient } from '@org/realtime-client'
import type { Process } from './process.js'
import type { World } from './world.js'

/** What one life of a client does about presence: it enters, changes, leaves and watches, and writes down what it hears. */
export class Attendee {
  private calls = 0
  private readonly watched = new Map<string, () => void>()

  constructor(
    private readonly user: string,
    private readonly life: string,
    private readonly client: RealtimeClient,
    private readonly process: Process,
    private readonly world: World,
  ) {}

  /** The channels that it watches. */
  get watching(): string[] {
    return [...this.watched.keys()]
  }

  /** Is present from now on, or shows something else. */
  enter(channel: string): void {
    const data = `${this.life} ${this.calls + 1}`
    void this.call(channel, { action: 'enter', data }, this.client.channel(channel).presence.enter(data))
  }

  /** Is present no more. Resolves when it knows, or has given up. */
  leave(channel: string): Promise<void> {
    return this.call(channel, { action: 'leave' }, this.client.channel(channel).presence.leave())
  }

  /** Watches who is present, or stops it. */
  toggle(channel: string): void {
    const off = this.watched.get(channel)
    if (!off) return this.watch(channel)
    off()
    this.watched.delete(channel)
    this.world.record({ type: 'presence.unwatch', client: this.life, channel })
  }

  /** Watches who is present. */
  watch(channel: string): void {
    const { life: client, world } = this
    world.record({ type: 'presence.watch', client, channel })
    const handle = this.client.channel(channel)
    const told = (kind: 'join' | 'leave') => (member: { readonly user: string | null }) => {
      if (!this.process.isDead)
        world.record({ type: 'presence.told', client, channel, kind, user: String(member.user) })
    }
    const offs = [
      handle.on('join', told('join')),
      handle.on('leave', told('leave')),
      handle.on('presence', ({ members = [] }) => {
        const users = Object.fromEntries(members.map(({ user, data }) => [String(user), String(data)] as const).sort())
        if (!this.process.isDead) world.record({ type: 'presence.seen', client, channel, users })
      }),
    ]
    this.watched.set(channel, () => offs.forEach((off) => off()))
  }

  private call(
    channel: string,
    what: { readonly action: 'enter' | 'leave'; readonly data?: string },
    outcome: Promise<void>,
  ): Promise<void> {
    const { life: client, user, world } = this
    const id = `${client} ${++this.calls}`
    world.record({ type: 'presence.call', client, user, channel, id, ...what })
    const settle = (ok: boolean) => () => {
      if (!this.process.isDead) world.record({ type: 'presence.settled', id, ok })
    }
    return outcome.then(settle(true), settle(false))
  }
}
