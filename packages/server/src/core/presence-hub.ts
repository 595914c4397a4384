import type { Position, WireError } from '@org/realtime-protocol'
import type { PresenceChange, PresenceHead, PresenceList, Timer } from '../ports/index.js'
import type { Told } from './presence-frames.js'
import { PresenceChannel, type PresencePorts, type Watcher } from './presence-channel.js'
import type { RollBounds } from './roll.js'
import type { SubscriberLink } from './subscription.js'
import { wireError } from './wire-errors.js'

/** Time a channel stays open after the last one who needs it: page changes and reconnects come back to it. */
const LINGER_MS = 10_000

/** The channels whose presence is watched on this node, and who watches them. */
export class PresenceHub {
  private readonly channels = new Map<string, PresenceChannel>()
  private readonly lingering = new Map<string, Timer>()
  private readonly watchers = new Map<SubscriberLink, Map<string, Watcher>>()

  /** @param list Reads the members of a channel, at most so many, without those whose time is over. */
  constructor(
    private readonly context: PresencePorts,
    private readonly list: (channel: string, limit: number) => Promise<PresenceList>,
  ) {}

  /** Up to what members are listed. */
  get bounds(): RollBounds {
    const { presenceMembers, sendQueueHardBytes, sendQueueSoftBytes } = this.context.limits
    // A link below the soft limit takes such a list, and what else it is sent, without coming near the hard one.
    return { members: presenceMembers, bytes: Math.floor((sendQueueHardBytes - sendQueueSoftBytes) / 2) }
  }

  /** The names of the channels that are watched. */
  get names(): string[] {
    return [...this.channels.keys()]
  }

  /** The channel of a name, if it is watched here. */
  get(name: string): PresenceChannel | undefined {
    return this.channels.get(name)
  }

  /**
   * Opens a channel and has a link watch it.
   *
   * @param begin Tells the link who is present now; every later change comes after it. Not called when it fails. Says
   * whether it did: if not, the watch is put off.
   * @param ref Number of the request, by which the link is told when the watch is ended.
   */
  async watch(
    name: string,
    link: SubscriberLink & { readonly isClosed: boolean; room(): Promise<void> },
    begin: (told: Told) => boolean,
    ref = 0,
  ): Promise<WireError | 'put off' | undefined> {
    if (this.isFull(name, link)) return wireError('LIMIT_EXCEEDED')
    const channel = this.need(name)
    try {
      await channel.opened
      // A list can be large, and there may be others on their way to this link.
      await link.room()
      if (link.isClosed || !channel.told) return undefined
      // Meanwhile others may have come before this one.
      if (this.isFull(name, link)) return wireError('LIMIT_EXCEEDED')
      if (!begin(channel.told)) return 'put off'
      this.add(channel, link, ref)
      return undefined
    } catch (error) {
      this.context.logger.error('presence store failed', { channel: name, operation: 'watch', error })
      // Whoever asks next tries anew.
      if (this.channels.get(name) === channel && !channel.told) this.close(channel)
      return wireError('UNAVAILABLE')
    } finally {
      this.spare(channel)
    }
  }

  /** Ends what a link watches of one channel. Says whether there was anything to end. */
  unwatch(name: string, link: SubscriberLink): boolean {
    const watched = this.watchers.get(link)
    const watcher = watched?.get(name)
    if (!watched || !watcher) return false
    watched.delete(name)
    if (watched.size === 0) this.watchers.delete(link)
    const channel = this.channels.get(name)
    channel?.leave(watcher)
    if (channel) this.spare(channel)
    return true
  }

  /** The channels that a link watches. */
  watchedBy(link: SubscriberLink): string[] {
    return [...(this.watchers.get(link)?.keys() ?? [])]
  }

  /** Number of the request by which a link watches a channel. */
  refOf(name: string, link: SubscriberLink): number | undefined {
    return this.watchers.get(link)?.get(name)?.ref
  }

  /** Ends all that a link watches. */
  detach(link: SubscriberLink): void {
    for (const name of this.watchedBy(link)) this.unwatch(name, link)
  }

  /** A link has room again: it is told what it missed. */
  drained(link: SubscriberLink): void {
    for (const [name, watcher] of this.watchers.get(link) ?? []) this.channels.get(name)?.refresh(watcher)
  }

  /** Takes a change from the store. */
  deliver(name: string, change: PresenceChange): void {
    this.channels.get(name)?.deliver(change)
  }

  /** Takes note of a change that this node has made. */
  expect(name: string, position: Position): void {
    this.channels.get(name)?.expect(position)
  }

  /** Compares every channel with where the store says that it stands. */
  verify(heads: readonly PresenceHead[]): void {
    for (const { channel, position } of heads) this.channels.get(channel)?.verify(position)
  }

  /** Has every channel read again. */
  resync(): void {
    for (const channel of this.channels.values()) channel.suspect()
  }

  /** Closes all channels. */
  stop(): void {
    for (const name of [...this.lingering.keys()]) this.keep(name)
    for (const channel of this.channels.values()) channel.close()
    this.channels.clear()
    this.watchers.clear()
  }

  private isFull(name: string, link: SubscriberLink): boolean {
    const watched = this.watchers.get(link)
    return watched !== undefined && !watched.has(name) && watched.size >= this.context.limits.channels
  }

  private add(channel: PresenceChannel, link: SubscriberLink, ref: number): void {
    const watched = this.watchers.get(link) ?? new Map<string, Watcher>()
    this.watchers.set(link, watched)
    let watcher = watched.get(channel.name)
    if (!watcher) {
      watcher = { link, behind: false }
      watched.set(channel.name, watcher)
      channel.users += 1
    }
    watcher.ref = ref
    channel.join(watcher)
  }

  /** The channel of a name, opened if need be, for one more who needs it. */
  private need(name: string): PresenceChannel {
    let channel = this.channels.get(name)
    if (!channel) {
      const { bounds } = this
      channel = new PresenceChannel(name, this.context, bounds, () => this.list(name, bounds.members))
      this.channels.set(name, channel)
    }
    channel.users += 1
    this.keep(name)
    return channel
  }

  /** One less needs the channel. */
  private spare(channel: PresenceChannel): void {
    channel.users -= 1
    if (channel.users > 0 || this.channels.get(channel.name) !== channel) return
    this.lingering.set(
      channel.name,
      this.context.clock.setTimer(() => this.close(channel), LINGER_MS),
    )
  }

  private keep(name: string): void {
    if (!this.lingering.has(name)) return
    this.context.clock.clearTimer(this.lingering.get(name))
    this.lingering.delete(name)
  }

  private close(channel: PresenceChannel): void {
    this.keep(channel.name)
    this.channels.delete(channel.name)
    channel.close()
  }
}
