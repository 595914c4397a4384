import type { Order, Tickets } from '../contract.js'
import type { Database } from '../database/database.js'
import { orderOf, selectOrders } from './order.js'
import { getShop } from './shops.js'

/** Tickets a kitchen can see at once. */
const MOST_TICKETS = 200
const MOST_ORDERS = 30

/** A shop and its tickets that are not collected yet, oldest first. */
export async function listTickets(db: Database, id: string): Promise<Tickets> {
  const shop = await getShop(db, id)
  const rows = await selectOrders(db)
    .where('orders.shop', '=', id)
    .where('status', '<>', 'collected')
    .orderBy('number')
    .limit(MOST_TICKETS)
    .execute()
  return { shop, tickets: rows.map(orderOf) }
}

/** The latest orders of a customer, latest first. */
export async function listOrders(db: Database, customer: string): Promise<Order[]> {
  const rows = await selectOrders(db)
    .where('customer', '=', customer)
    .orderBy('placed_at', 'desc')
    .limit(MOST_ORDERS)
    .execute()
  return rows.map(orderOf)
}
