import type { Order, Status } from '../contract.js'
import { byId, copyOf, part, show, write } from './dom.js'
import { money, orderInWords, plural, STATUS, time } from './words.js'

/** How a status looks. */
export const TONE: Record<Status, string> = { new: 'accent', cooking: 'warm', ready: 'good', collected: 'quiet' }

/** Shows one order and how far it is. */
export function drawOrder(order: Order, shopIsOpen: boolean): void {
  const { number, shopName, placedAt, name, lines, totalCents, note, status } = order
  write(byId('order-title'), `Order ${number}`)
  write(byId('order-line'), `${shopName} · for ${name} · ${time(placedAt)}`)
  write(byId('says'), orderInWords(order, shopIsOpen))
  byId('order-card').dataset['tone'] = TONE[status]
  const steps = [...byId('steps').children] as HTMLElement[]
  const at = steps.findIndex(({ dataset }) => dataset['step'] === status)
  steps.forEach((step, i) => {
    step.dataset['state'] = i < at || status === 'collected' ? 'done' : i === at ? 'now' : 'later'
    step.ariaCurrent = i === at ? 'step' : null
  })
  drawLines(byId('order-lines'), lines)
  write(byId('order-total'), money(totalCents))
  write(byId('order-note'), note)
  byId('order-note').hidden = !note
}

/** Shows dishes with their counts, and their prices where the template has room for them. */
export function drawLines(
  list: HTMLElement,
  lines: ReadonlyArray<{
    readonly dish: string
    readonly name: string
    readonly count: number
    readonly priceCents: number
  }>,
): void {
  show(list, lines, {
    key: ({ dish }) => dish,
    make: () => copyOf('line-template'),
    draw: (item, { count, name, priceCents }) => {
      write(part(item, '.times'), `${count} ×`)
      write(part(item, '.name'), name)
      const price = item.querySelector<HTMLElement>('.price')
      if (price) write(price, money(count * priceCents))
    },
  })
}

/** Shows all orders of this customer, the latest first. */
export function drawOrders(orders: readonly Order[], loaded: boolean): void {
  byId('no-orders').hidden = !loaded || orders.length > 0
  byId('orders').hidden = loaded && orders.length === 0
  show(byId('orders'), orders, {
    key: ({ id }) => id,
    make: ({ id }) => {
      const item = copyOf('order-template')
      part<HTMLAnchorElement>(item, 'a').href = `#/order/${id}`
      return item
    },
    draw: (item, { number, shopName, status, placedAt, lines, totalCents }) => {
      const count = lines.reduce((sum, line) => sum + line.count, 0)
      write(part(item, '.name'), `Order ${number} · ${shopName}`)
      write(part(item, '.badge'), status === 'new' ? 'Received' : STATUS[status])
      part(item, '.badge').dataset['tone'] = TONE[status]
      write(part(item, '.what'), `${plural(count, 'dish')} · ${money(totalCents)} · ${time(placedAt)}`)
    },
  })
}
