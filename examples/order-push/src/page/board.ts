import type { Order, Status } from '../contract.js'
import type { CallError } from './call.js'
import { chime } from './chime.js'
import { byId, copyOf, part, show, write } from './dom.js'
import { drawLines } from './order-view.js'
import { ageInWords, STATUS } from './words.js'

/** What moves a ticket on. */
const NEXT = {
  new: { to: 'cooking', label: 'Start cooking' },
  cooking: { to: 'ready', label: 'Mark ready' },
  ready: { to: 'collected', label: 'Mark collected' },
} as const

/** Age of an order, in minutes, from which somebody should hurry. */
const LATE_MIN = 10
/** How long a ticket says why it was not moved. */
const COMPLAINT_MS = 10_000
/** Tickets kept at most, collected ones included. */
const MOST_KEPT = 500
const COLUMNS = ['new', 'cooking', 'ready'] as const

/** A ticket on the board. */
interface Entry {
  order: Order
  /** Where we moved it, while the server has not answered yet. */
  moving?: Status | undefined
  /** Why it was not moved. */
  problem?: string | undefined
}

/** Asks the server to move a ticket. */
export type Move = (order: Order, to: Status) => Promise<Order>

/** The tickets of a kitchen, in three columns. A move shows at once, and is taken back when the server refuses it. */
export class Board {
  title = ''
  private readonly entries = new Map<string, Entry>()
  private readonly elements = new Map<string, HTMLElement>()
  private move: Move | undefined

  constructor() {
    setInterval(() => this.draw(), 10_000)
    byId('dismiss').onclick = () => this.notify('')
  }

  /** Waits for tickets. */
  begin(move: Move): void {
    this.move = move
    byId('board').ariaBusy = 'true'
    this.draw()
  }

  /** Takes the tickets of the database in place of those that were here. */
  load(orders: readonly Order[]): void {
    const there = new Set(orders.map(({ id }) => id))
    for (const [id, { moving }] of this.entries) if (!there.has(id) && !moving) this.entries.delete(id)
    for (const order of orders) this.keep(order)
    byId('board').ariaBusy = 'false'
    this.draw()
  }

  /** Takes a ticket of the channel. */
  take(order: Order): void {
    const isNew = !this.entries.has(order.id) && order.status === 'new'
    this.keep(order)
    this.draw()
    if (!isNew) return
    // For a screen reader; everybody else sees it.
    write(byId('news'), `New ticket ${order.number} for ${order.name}`)
    if (byId<HTMLInputElement>('sound').checked) chime()
  }

  clear(): void {
    this.entries.clear()
    this.draw()
  }

  /** Tells what is not about one ticket on the board. */
  notify(text: string): void {
    write(byId('notice-words'), text)
    byId('notice').hidden = !text
  }

  private keep(order: Order): void {
    const entry = this.entries.get(order.id)
    if (!entry) {
      this.entries.set(order.id, { order })
      if (this.entries.size > MOST_KEPT) this.forgetOne()
      return
    }
    if (order.version <= entry.order.version) return
    entry.order = order
    // Off the board, nobody would read it there.
    if (order.status === 'collected' && entry.problem) this.notify(entry.problem)
  }

  /** Collected tickets are kept for a while, so that a list from before cannot bring them back. */
  private forgetOne(): void {
    const [id] = [...this.entries].find(([, { order }]) => order.status === 'collected') ?? []
    if (id) this.entries.delete(id)
  }

  private async advance(id: string): Promise<void> {
    const entry = this.entries.get(id)
    const step = entry && entry.order.status !== 'collected' && NEXT[entry.order.status]
    if (!entry || !step || entry.moving || !this.move) return
    entry.moving = step.to
    entry.problem = undefined
    this.draw()
    try {
      this.keep(await this.move(entry.order, step.to))
    } catch (error) {
      const { code, message } = error as CallError
      this.complain(entry, code === 'NO_ANSWER' ? 'Not moved: the server does not answer. Try again.' : message)
    }
    entry.moving = undefined
    this.draw()
  }

  /** Says on the ticket why it was not moved, for a while: the news of what happened instead comes at any moment. */
  private complain(entry: Entry, problem: string): void {
    entry.problem = problem
    setTimeout(() => {
      if (entry.problem !== problem) return
      entry.problem = undefined
      this.draw()
    }, COMPLAINT_MS)
  }

  private draw(): void {
    const focused = document.activeElement
    const all = [...this.entries.values()].sort((a, b) => a.order.number - b.order.number)
    const fresh = all.filter((entry) => statusOf(entry) === 'new').length
    for (const status of COLUMNS) {
      const section = part(byId('board'), `[data-status="${status}"]`)
      const entries = all.filter((entry) => statusOf(entry) === status)
      show(part(section, 'ul'), entries, {
        key: ({ order }) => order.id,
        make: (entry) => this.element(entry),
        draw: drawTicket,
      })
      write(part(section, '.count'), String(entries.length))
      part(section, '.empty').hidden = entries.length > 0
    }
    for (const [id, element] of this.elements) if (!element.isConnected) this.elements.delete(id)
    if (focused instanceof HTMLElement && focused !== document.activeElement) {
      // A ticket that went to the next column takes the focus along. One that left the board gives it to another.
      const next = focused.isConnected ? focused : byId('board').querySelector<HTMLElement>('.move')
      next?.focus()
    }
    if (this.title) document.title = fresh ? `(${fresh}) ${this.title}` : this.title
  }

  /** The element of a ticket, the same in every column. */
  private element({ order: { id } }: Entry): HTMLElement {
    const element = this.elements.get(id) ?? copyOf('ticket-template')
    part(element, '.move').onclick = () => void this.advance(id)
    this.elements.set(id, element)
    return element
  }
}

/** Where a ticket shows. */
function statusOf({ order, moving }: Entry): Status {
  return moving ?? order.status
}

/** Fills in a ticket. Everything that somebody wrote goes through `textContent`, so it stays text. */
function drawTicket(element: HTMLElement, entry: Entry): void {
  const { order, moving, problem = '' } = entry
  const { number, name, note, lines, placedAt } = order
  const status = statusOf(entry)
  write(part(element, '.number'), `#${number}`)
  write(part(element, '.name'), name)
  const age = part<HTMLTimeElement>(element, '.age')
  write(age, ageInWords(placedAt, Date.now()))
  age.dateTime = new Date(placedAt).toISOString()
  element.dataset['late'] = String(status !== 'ready' && Date.now() - placedAt > LATE_MIN * 60_000)
  element.dataset['moving'] = String(!!moving)
  element.dataset['refused'] = String(!!problem)
  drawLines(part(element, '.lines'), lines)
  write(part(element, '.note'), note)
  part(element, '.note').hidden = !note
  write(part(element, '.problem'), problem)
  part(element, '.problem').hidden = !problem
  const button = part<HTMLButtonElement>(element, '.move')
  write(button, moving ? 'Saving …' : status === 'collected' ? STATUS.collected : NEXT[status].label)
  button.ariaLabel = `Ticket ${number}: ${button.textContent}`
  button.ariaDisabled = String(!!moving)
}
