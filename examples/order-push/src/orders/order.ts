import type { Selectable } from 'kysely'
import type { Order, Status } from '../contract.js'
import type { Database } from '../database/database.js'
import type { OrderTable } from '../database/schema.js'
import { announce } from './announce.js'

/** What comes after a status. */
export const NEXT: Record<Status, Status | undefined> = {
  new: 'cooking',
  cooking: 'ready',
  ready: 'collected',
  collected: undefined,
}

/** Orders with the names of their shops. */
export function selectOrders(db: Database) {
  return db
    .selectFrom('orders')
    .innerJoin('shops', 'shops.id', 'orders.shop')
    .selectAll('orders')
    .select('shops.name as shop_name')
}

/** An order as the pages see it: without its key, which only its customer knows. */
export function orderOf(row: Selectable<OrderTable> & { readonly shop_name: string }): Order {
  const { id, shop, shop_name, number, name, note, lines, total_cents, status, version, placed_at, changed_at } = row
  return {
    id,
    shop,
    shopName: shop_name,
    number,
    name,
    note,
    lines: [...lines],
    totalCents: total_cents,
    status,
    version,
    placedAt: placed_at.getTime(),
    changedAt: changed_at.getTime(),
  }
}

/** Tells the kitchen and the customer how an order stands now. */
export async function announceOrder(change: Database, customer: string, order: Order): Promise<void> {
  const key = order.version === 1 ? order.id : `${order.id}.${order.version}`
  await announce(change, `shop:${order.shop}`, key, order)
  await announce(change, `customer:${customer}`, key, order)
}
