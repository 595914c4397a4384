import type { RealtimeClient } from '@org/realtime-client'
import type { OpenRequests } from './open-requests.js'
import type { Record } from './record.js'

/** What one client does about presence in a round: it is there, changes, leaves, and watches who else is. */
export class Attendee {
  /** What it was told last: what each user shows. */
  list: Readonly<{ [user: string]: string }> | undefined
  /** What it asked to show last; nothing when it asked to leave. */
  shows: string | undefined
  private calls = 0
  private readonly offs: Array<() => void> = []

  constructor(
    private readonly client: RealtimeClient,
    private readonly name: string,
    private readonly channel: string,
    private readonly record: Record,
    private readonly requests: OpenRequests,
  ) {}

  /** Watches from now on, and enters. Resolves when it is there and sees itself. */
  async begin(): Promise<void> {
    const { name: client, channel, record } = this
    record.add({ type: 'presence.watch', client, channel })
    const handle = this.client.channel(channel)
    const told = (kind: 'join' | 'leave') => (member: { readonly user: string | null }) =>
      record.add({ type: 'presence.told', client, channel, kind, user: String(member.user) })
    const isThere = new Promise<void>((resolve) => {
      this.offs.push(
        handle.on('join', told('join')),
        handle.on('leave', told('leave')),
        handle.on('presence', ({ members = [] }) => {
          const users = Object.fromEntries(
            members.map(({ user, data }) => [String(user), String(data)] as const).sort(),
          )
          record.add({ type: 'presence.seen', client, channel, users })
          this.list = users
          if (client in users) resolve()
        }),
      )
    })
    await Promise.all([this.enter(), isThere])
  }

  /** Is there, and shows something new. */
  async enter(): Promise<void> {
    this.shows = `${this.name} ${this.calls + 1}`
    const { shows } = this
    await this.ask({ action: 'enter', data: shows }, () => this.client.channel(this.channel).presence.enter(shows))
  }

  /** Is there no more. */
  async leave(): Promise<void> {
    this.shows = undefined
    await this.ask({ action: 'leave' }, () => this.client.channel(this.channel).presence.leave())
  }

  /** The round is over: nothing is written down any more. */
  end(): void {
    for (const off of this.offs) off()
    this.client
      .channel(this.channel)
      .presence.leave()
      .catch(() => undefined)
  }

  private ask(
    what: { readonly action: 'enter' | 'leave'; readonly data?: string },
    request: () => Promise<void>,
  ): Promise<void> {
    const { name, channel } = this
    const id = `${name} ${++this.calls}`
    const settled = { type: 'presence.settled', id } as const
    return this.requests.follow(
      { type: 'presence.call', client: name, user: name, channel, id, ...what },
      request,
      () => ({ ...settled, ok: true }),
      () => ({ ...settled, ok: false }),
    )
  }
}
