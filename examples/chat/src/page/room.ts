import type { Message, RealtimeClient, RealtimeError, Since } from '@org/realtime-client'
import type { chat } from '../contract.js'
import type { Banner } from './banner.js'
import { byId, copyOf, fill, part, show, type MessageState } from './dom.js'
import { failureInWords, gapInWords, plural } from './words.js'

export type Client = RealtimeClient<typeof chat>

const channelOf = (client: Client, room: string, since: Since) => client.channel(`room:${room}`, { since })

/** Messages of a room that the page shows at most. */
const SHOWN = 500

/** A message of ours that we have not seen in the log yet. */
interface Draft {
  readonly item: HTMLElement
  readonly text: string
  /** The same for every attempt, so that two attempts are one message. */
  readonly key: string
}

/** One room: its channel and its list of messages. Ours that are still on their way stay at the end of the list. */
export class Room {
  private readonly link = copyOf('link-template')
  private readonly view = copyOf('room-template')
  private readonly log = part(this.view, '.log')
  private readonly list = part(this.view, 'ol')
  private readonly jump = part(this.view, '.jump')
  private readonly drafts = new Map<string, Draft>()
  private client: Client | undefined
  private channel: ReturnType<typeof channelOf> | undefined
  private unread = 0
  /** How many messages are still to come from the past. */
  private loading = 0
  /** Whether the reader is at the end and wants to stay there. */
  private atEnd = true
  private frame = 0

  constructor(
    readonly name: string,
    private readonly banner: Banner,
  ) {
    part(this.link, '.label').textContent = name
    part(this.link, 'a').setAttribute('href', `#${name}`)
    this.log.ariaLabel = `Messages in ${name}`
    this.log.onscroll = () => {
      this.atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40
      if (this.atEnd) this.jump.hidden = true
    }
    this.jump.onclick = () => {
      this.scrollToEnd()
      this.log.focus()
    }
    new ResizeObserver(() => this.follow()).observe(this.log)
    byId('rooms').append(this.link)
    byId('stage').append(this.view)
  }

  /** Subscribes: with the latest messages, or, for another client, after the last message we have. */
  join(client: Client): void {
    const channel = channelOf(client, this.name, this.channel?.position ?? { last: 50 })
    this.client = client
    this.channel = channel
    channel.on('message', (message) => this.receive(message))
    channel.on('gap', (gap) => {
      const words = gapInWords(gap)
      this.note(words)
      this.banner.tell(words, 'loss')
    })
    channel.on('state', ({ status, error, resumed, recovered }) => {
      if (status === 'subscribed') this.load(recovered ?? 0)
      if (resumed) this.banner.resumed(recovered ?? 0)
      if (error) this.note(`This room is closed: ${error.message}.`)
    })
  }

  /** Goes on with another client, if the room was ever entered. */
  move(client: Client): void {
    if (this.channel) this.join(client)
  }

  enter(client: Client): void {
    if (!this.channel) this.join(client)
    this.view.hidden = false
    part(this.link, 'a').ariaCurrent = 'page'
    this.link.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    this.countUnread(0)
    this.scrollToEnd()
  }

  /** Hides the room. It stays subscribed, so that it can show what is unread. */
  leave(): void {
    this.view.hidden = true
    part(this.link, 'a').ariaCurrent = null
  }

  /** Writes a message. It shows at once, and says how far it got. */
  write(text: string, name: string): void {
    const item = copyOf('message-template')
    const draft: Draft = { item, text, key: `${Date.now()}-${Math.random()}` }
    fill(item, { name, text, at: Date.now() })
    item.dataset['mine'] = ''
    part(item, '.retry').onclick = () => {
      // The button is about to go; the keyboard stays in the list.
      this.log.focus()
      this.send(draft)
    }
    part(item, '.delete').onclick = () => {
      this.log.focus()
      this.forget(draft)
      item.remove()
    }
    this.list.append(item)
    this.atEnd = true
    this.send(draft)
  }

  /** A message of ours went one step further. */
  progress(id: string, state: MessageState, why?: string): void {
    const item = this.drafts.get(id)?.item
    if (item) show(item, state, why)
    this.follow()
  }

  private send(draft: Draft): void {
    const { client, channel } = this
    if (!client || !channel) return
    const publishing = channel.publish({ text: draft.text }, { key: draft.key })
    const { id } = publishing
    this.drafts.set(id, draft)
    // Its first steps were told before we knew its id.
    this.progress(id, client.outbox.find((entry) => entry.id === id)?.state ?? 'queued')
    publishing.then(
      () => this.progress(id, 'stored'),
      (error: RealtimeError) => this.progress(id, 'failed', failureInWords(error)),
    )
  }

  private receive({ id, at, data, from }: Message<{ name: string; text: string; node?: string | undefined }>): void {
    const draft = this.drafts.get(id)
    const item = draft?.item ?? copyOf('message-template')
    if (draft) this.forget(draft)
    else if (from && from.user === this.client?.user) item.dataset['mine'] = ''
    fill(item, { ...data, at })
    show(item, 'stored')
    this.insert(item)
    if (this.loading) this.load(this.loading - 1)
    if (this.view.hidden) this.countUnread(this.unread + 1)
    else this.jump.hidden = this.atEnd
  }

  /** While the past is loading, nobody reads it aloud, and the room is not called empty. */
  private load(count: number): void {
    this.loading = count
    this.log.ariaBusy = String(count > 0)
  }

  private note(text: string): void {
    const item = copyOf('note-template')
    item.textContent = text
    this.insert(item)
  }

  /** Puts an item before our messages that are still on their way. One that is there already stays untouched. */
  private insert(item: HTMLElement): void {
    const next = this.drafts.values().next().value?.item ?? null
    if (item.parentNode !== this.list || item.nextElementSibling !== next) this.list.insertBefore(item, next)
    if (this.atEnd && this.list.childElementCount > SHOWN) this.list.firstElementChild?.remove()
    this.follow()
  }

  private forget(draft: Draft): void {
    for (const [id, other] of this.drafts) if (other === draft) this.drafts.delete(id)
  }

  private countUnread(count: number): void {
    const badge = part(this.link, '.unread')
    this.unread = count
    badge.hidden = !count
    badge.textContent = String(count)
    badge.ariaLabel = plural(count, 'new message')
  }

  private scrollToEnd(): void {
    this.atEnd = true
    this.jump.hidden = true
    this.log.scrollTop = this.log.scrollHeight
  }

  /** Stays at the end; once a frame, however many messages come in it. */
  private follow(): void {
    cancelAnimationFrame(this.frame)
    if (this.atEnd) this.frame = requestAnimationFrame(() => this.scrollToEnd())
  }
}
