import { RealtimeClient } from '@org/realtime-client'
import type { app, Order, Shop } from '../contract.js'
import { Banner } from './banner.js'
import { call } from './call.js'
import { byId, write } from './dom.js'
import { follow, type Client } from './follow.js'
import { Menu } from './menu.js'
import { drawOrder, drawOrders } from './order-view.js'
import { drawShops } from './shops-view.js'

/** Whoever holds it is this customer, so it is made up once and stays in this browser. */
const token = (localStorage['customer'] ??= `customer-${crypto.randomUUID().replaceAll('-', '')}`) as string

const shops = new Map<string, Shop>()
const orders = new Map<string, Order>()
const loaded = { shops: false, orders: false }
const banner = new Banner()
const client: Client = new RealtimeClient<typeof app>(`${location.origin.replace('http', 'ws')}/realtime`, { token })
const menu = new Menu(client, {
  placed(order) {
    take(orders, order)
    location.hash = `#/order/${order.id}`
  },
})

banner.watch(client)
follow(client, 'shops', {
  load: (signal) => call(client, 'list_shops', {}, { signal }),
  loaded: (all) => {
    for (const shop of all) take(shops, shop)
    loaded.shops = true
    draw()
  },
  changed: (shop) => take(shops, shop) && draw(),
  failed: console.error,
})
client.ready().then(() => {
  follow(client, `customer:${client.user}`, {
    load: (signal) => call(client, 'list_orders', {}, { signal }),
    loaded: (all) => {
      for (const order of all) take(orders, order)
      loaded.orders = true
      draw()
    },
    changed: (order) => take(orders, order) && draw(),
    failed: console.error,
  })
}, console.error)

/** Takes what is newer than what we have. Says whether it was. */
function take<T extends { readonly id: string; readonly version: number }>(all: Map<string, T>, item: T): boolean {
  if ((all.get(item.id)?.version ?? 0) >= item.version) return false
  all.set(item.id, item)
  return true
}

type View = 'shops' | 'menu' | 'order' | 'orders' | 'missing'

/** What the address asks for, and which view can show it. Nothing while that is not known yet. */
function route(): { readonly view: View | undefined; readonly id: string } {
  const [, page = '', id = ''] = location.hash.slice(1).split('/')
  const known = (all: Map<string, unknown>, isLoaded: boolean, view: View) =>
    all.has(id) ? view : isLoaded ? 'missing' : undefined
  switch (page) {
    case '':
      return { view: 'shops', id }
    case 'orders':
      return { view: 'orders', id }
    case 'shop':
      return { view: known(shops, loaded.shops, 'menu'), id }
    case 'order':
      return { view: known(orders, loaded.orders, 'order'), id }
    default:
      return { view: 'missing', id }
  }
}

function draw(): void {
  const { view, id } = route()
  for (const each of ['shops', 'menu', 'order', 'orders', 'missing']) byId(`${each}-view`).hidden = each !== view
  const mine = [...orders.values()].sort((a, b) => b.placedAt - a.placedAt)
  const open = mine.filter(({ status }) => status !== 'collected').length
  write(byId('open-orders'), String(open))
  byId('open-orders').hidden = !open
  byId('to-orders').ariaCurrent = view === 'orders' ? 'page' : null

  const shop = shops.get(id)
  const order = orders.get(id)
  if (view === 'menu' && shop) menu.draw(shop)
  else if (view === 'order' && order) drawOrder(order, shops.get(order.shop)?.open ?? true)
  else if (view === 'orders') drawOrders(mine, loaded.orders)
  else if (view === 'shops') drawShops([...shops.values()])
  const title = view && byId(`${view}-view`).querySelector('h1')?.textContent?.trim()
  document.title = title ? `${title} · Takeaway` : 'Takeaway'
}

addEventListener('hashchange', () => {
  draw()
  scrollTo(0, 0)
  // Who uses a keyboard or a screen reader goes where the page went.
  document.querySelector<HTMLElement>('main > section:not([hidden]) h1')?.focus()
})
draw()
