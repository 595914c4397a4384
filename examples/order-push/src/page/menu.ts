import type { Dish, Order, Shop } from '../contract.js'
import { Basket } from './basket.js'
import { call, CallError } from './call.js'
import type { Client } from './follow.js'
import { byId, copyOf, part, show, write } from './dom.js'
import { drawLines } from './order-view.js'
import { drawOpen } from './shops-view.js'
import { money, plural } from './words.js'

/** How long an order is sent again by itself while no answer comes. */
const INSIST_MS = 20_000

const nameField = byId<HTMLInputElement>('name')
const noteField = byId<HTMLTextAreaElement>('note')

/** The menu of the shop on show, and what is chosen from it. */
export class Menu {
  private readonly menus = new Map<string, readonly Dish[]>()
  private basket: Basket | undefined
  private sending = false

  constructor(
    private readonly client: Client,
    private readonly on: { readonly placed: (order: Order) => void },
  ) {
    nameField.value = localStorage.getItem('name') ?? ''
    byId('basket').onsubmit = (event) => {
      event.preventDefault()
      void this.order()
    }
    byId('jump').onclick = () => {
      byId('basket').scrollIntoView({ behavior: 'smooth' })
      nameField.focus({ preventScroll: true })
    }
    new IntersectionObserver(([entry]) => byId('jump').classList.toggle('away', !!entry?.isIntersecting)).observe(
      byId('send'),
    )
  }

  /** Shows a shop; its menu is loaded once. */
  draw(shop: Shop): void {
    if (this.basket?.shop !== shop.id) {
      this.basket = new Basket(shop.id)
      this.say('')
      noteField.value = ''
      void this.load(shop)
    }
    write(byId('shop-name'), shop.name)
    write(byId('shop-line'), shop.open ? shop.tagline : 'Closed now. Order ahead: it waits until the shop opens.')
    drawOpen(byId('shop-badge'), shop.open)
    this.drawMenu()
  }

  private async load({ id }: Shop): Promise<void> {
    if (this.menus.has(id)) return
    try {
      const { menu } = await call(this.client, 'get_shop_info', { shop: id }, { forMs: 60_000 })
      this.menus.set(id, menu)
      if (this.basket?.shop === id) this.drawMenu()
    } catch (error) {
      this.say((error as Error).message)
    }
  }

  private drawMenu(): void {
    const { basket } = this
    if (!basket) return
    const menu = this.menus.get(basket.shop) ?? []
    show(byId('menu'), menu, {
      key: ({ id }) => `${basket.shop}/${id}`,
      make: (dish) => this.dish(dish),
      draw: (item, { id }) => {
        const count = basket.count(id)
        write(part(item, 'output'), String(count))
        item.dataset['chosen'] = String(count > 0)
        part<HTMLButtonElement>(item, '.less').disabled = count === 0
        part<HTMLButtonElement>(item, '.more').disabled = count === 20
      },
    })
    const lines = basket.lines(menu)
    const count = lines.reduce((sum, line) => sum + line.count, 0)
    const total = money(lines.reduce((sum, line) => sum + line.count * line.priceCents, 0))
    drawLines(byId('basket-lines'), lines)
    byId('nothing').hidden = count > 0
    write(byId('total'), total)
    write(byId('send'), this.sending ? 'Sending …' : count ? `Order · ${total}` : 'Order')
    byId('send').ariaDisabled = String(this.sending)
    write(byId('jump'), `${plural(count, 'dish')} · ${total} · Go to order`)
    byId('jump').hidden = !count
  }

  private dish({ id, name, description, priceCents }: Dish): HTMLElement {
    const item = copyOf('dish-template')
    write(part(item, '.name'), name)
    write(part(item, '.description'), description)
    write(part(item, '.price'), money(priceCents))
    part(item, '.less').ariaLabel = `One ${name} less`
    part(item, '.more').ariaLabel = `One ${name} more`
    part(item, 'output').ariaLabel = name
    const add = (difference: number) => () => {
      this.basket?.add(id, difference)
      this.say('')
      this.drawMenu()
    }
    part(item, '.less').onclick = add(-1)
    part(item, '.more').onclick = add(1)
    return item
  }

  private async order(): Promise<void> {
    const { basket } = this
    if (!basket || this.sending) return
    const lines = basket.lines(this.menus.get(basket.shop) ?? []).map(({ dish, count }) => ({ dish, count }))
    const name = nameField.value.trim()
    if (lines.length === 0) return this.say('Choose something from the menu first.')
    nameField.ariaInvalid = String(!name)
    if (!name) {
      nameField.focus()
      return this.say('Tell the kitchen your name first.')
    }
    localStorage.setItem('name', name)
    this.say('')
    this.sending = true
    this.drawMenu()
    try {
      const { shop, key } = basket
      const input = { shop, key, name, note: noteField.value.trim(), lines }
      const order = await call(this.client, 'bill', input, { forMs: INSIST_MS })
      basket.empty()
      noteField.value = ''
      this.on.placed(order)
    } catch (error) {
      this.say(this.failure(error as CallError, basket))
    } finally {
      this.sending = false
      this.drawMenu()
    }
  }

  private failure({ code, message }: CallError, basket: Basket): string {
    switch (code) {
      case 'NO_ANSWER':
        return 'The server does not answer. Order again when the connection is back: it stays one order.'
      case 'KEY_REUSED':
        basket.renew()
        return 'An earlier attempt arrived: see "Your orders". To send this one as well, order again.'
      default:
        return message
    }
  }

  private say(text: string): void {
    write(byId('outcome'), text)
  }
}
