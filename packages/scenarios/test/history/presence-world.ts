import type { HistoryEvent, StoredPresence } from '../../src/history/index.js'

type Unstamped<E> = E extends unknown ? Omit<E, 'at'> : never

/** Time after the end of a link until its session leaves. */
const GRACE_MS = 4_000

interface Client {
  readonly user: string
  life: number
  link: string | undefined
  /** What it has asked to show, by channel. */
  readonly shows: Map<string, string>
  /** What it was told last, by channel that it watches. */
  readonly watches: Map<string, Record<string, string> | undefined>
}

/** A small model of presence that keeps every promise and writes the history of it, apart from the checker's code. */
export class PresenceWorld {
  readonly events: HistoryEvent[] = []
  private at = 0
  private serial = 0
  private readonly clients = new Map<string, Client>()
  private readonly stores = new Map<string, { epoch: string; offset: number; members: Map<string, StoredPresence> }>()
  /** Sessions whose link is gone, with when they leave. */
  private readonly due = new Map<string, number>()

  connect(user: string): void {
    const client = this.client(user)
    if (client.link) this.cut(user)
    const session = this.session(client)
    client.link = `l${++this.serial}`
    this.due.delete(session)
    this.write({ type: 'link.open', node: 'n', session, link: client.link })
    this.write({ type: 'conn.up', client: this.life(client), session, node: 'n', link: client.link })
    for (const [channel, data] of client.shows) this.put(channel, { user, session, data })
    for (const channel of client.watches.keys()) this.tell(client, channel)
  }

  cut(user: string): void {
    const client = this.client(user)
    if (!client.link) return
    const session = this.session(client)
    this.write({ type: 'link.close', node: 'n', session, link: client.link })
    client.link = undefined
    this.due.set(session, this.at + GRACE_MS)
  }

  crash(user: string): void {
    const client = this.client(user)
    if (!client.link) return
    this.write({ type: 'client.end', client: this.life(client) })
    this.cut(user)
    client.life += 1
    client.shows.clear()
    client.watches.clear()
  }

  enter(user: string, channel: string): void {
    const client = this.client(user)
    if (!client.link) return
    const data = `d${++this.serial}`
    client.shows.set(channel, data)
    this.call(client, channel, { action: 'enter', data }, () =>
      this.put(channel, { user, session: this.session(client), data }),
    )
  }

  leave(user: string, channel: string): void {
    const client = this.client(user)
    if (!client.link) return
    client.shows.delete(channel)
    this.call(client, channel, { action: 'leave' }, () => this.remove(channel, this.session(client)))
  }

  toggle(user: string, channel: string): void {
    const client = this.client(user)
    if (!client.link) return
    const type = client.watches.has(channel) ? 'presence.unwatch' : 'presence.watch'
    this.write({ type, client: this.life(client), channel })
    if (client.watches.delete(channel)) return
    client.watches.set(channel, undefined)
    this.tell(client, channel)
  }

  failover(channel: string): void {
    const store = this.store(channel)
    this.write({ type: 'fault', kind: 'failover.clean' })
    store.epoch = `e${++this.serial}`
    this.write({ type: 'presence.base', channel, members: [...store.members.values()] })
  }

  pass(ms: number): void {
    const end = this.at + ms
    for (const [session, at] of [...this.due].sort(([, a], [, b]) => a - b)) {
      if (at > end) continue
      this.due.delete(session)
      this.at = Math.max(this.at, at)
      for (const channel of this.stores.keys()) this.remove(channel, session)
    }
    this.at = Math.max(this.at, end)
  }

  /** Time passes until everybody who is gone is gone for everybody; then the store is looked at. */
  audit(): void {
    this.pass(6_000)
    for (const [channel, { members }] of this.stores) {
      this.write({ type: 'presence.audit', channel, members: [...members.values()] })
    }
  }

  end(): HistoryEvent[] {
    this.audit()
    this.write({ type: 'end' })
    return this.events
  }

  private call(
    client: Client,
    channel: string,
    what: { readonly action: 'enter' | 'leave'; readonly data?: string },
    done: () => void,
  ): void {
    const id = `call${++this.serial}`
    this.write({ type: 'presence.call', client: this.life(client), user: client.user, channel, id, ...what })
    done()
    this.write({ type: 'presence.settled', id, ok: true })
  }

  private put(channel: string, member: StoredPresence): void {
    const store = this.store(channel)
    if (store.members.get(member.session)?.data === member.data) return
    store.members.delete(member.session)
    store.members.set(member.session, member)
    this.changed(channel, 'join', member)
  }

  private remove(channel: string, session: string): void {
    const { members } = this.store(channel)
    const member = members.get(session)
    if (!member) return
    members.delete(session)
    this.changed(channel, 'leave', { user: member.user, session })
  }

  private changed(channel: string, kind: 'join' | 'leave', member: StoredPresence): void {
    const store = this.store(channel)
    const position = { epoch: store.epoch, offset: ++store.offset }
    this.write({ type: 'presence.change', channel, kind, position, ...member })
    for (const client of this.clients.values()) {
      if (client.link && client.watches.has(channel)) this.tell(client, channel)
    }
  }

  private tell(watcher: Client, channel: string): void {
    const client = this.life(watcher)
    const before = watcher.watches.get(channel)
    const users: Record<string, string> = {}
    for (const { user, data } of this.store(channel).members.values()) users[user] = String(data)
    watcher.watches.set(channel, users)
    if (before) {
      const told = (kind: 'join' | 'leave', user: string) =>
        this.write({ type: 'presence.told', client, channel, kind, user })
      for (const user of Object.keys(before)) if (!(user in users)) told('leave', user)
      for (const user of Object.keys(users)) if (!(user in before)) told('join', user)
    }
    this.write({ type: 'presence.seen', client, channel, users })
  }

  private client(user: string): Client {
    let client = this.clients.get(user)
    if (!client) {
      client = { user, life: 1, link: undefined, shows: new Map(), watches: new Map() }
      this.clients.set(user, client)
    }
    return client
  }

  private store(channel: string) {
    let store = this.stores.get(channel)
    if (!store) {
      store = { epoch: `e${++this.serial}`, offset: 0, members: new Map() }
      this.stores.set(channel, store)
    }
    return store
  }

  private life({ user, life }: Client): string {
    return `${user}.${life}`
  }

  private session(client: Client): string {
    return `session of ${this.life(client)}`
  }

  private write(event: Unstamped<HistoryEvent>): void {
    this.at += 10
    this.events.push({ ...event, at: this.at })
  }
}
