import { sql } from 'kysely'
import type { Input, Order, Status } from '../contract.js'
import type { Database } from '../database/database.js'
import { announceOrder, NEXT, orderOf, selectOrders } from './order.js'
import { Refusal } from './refusal.js'

const IN_WORDS: Record<Status, string> = {
  new: 'new',
  cooking: 'being cooked',
  ready: 'ready',
  collected: 'collected',
}

/**
 * Moves an order of a shop one step on. A move that was made already is no error, so it can be repeated.
 *
 * @throws Refusal `NOT_FOUND`, `SHOP_CLOSED`, or `CONFLICT` when the order stands elsewhere by now or cannot go there. Where
 * it stands is in `current`.
 */
export function moveTicket(
  db: Database,
  shop: string,
  { order: id, to, version }: Input<'move_ticket'>,
): Promise<Order> {
  return db.transaction().execute(async (change) => {
    const row = await selectOrders(change)
      .select('shops.open')
      .where('orders.id', '=', id)
      .where('orders.shop', '=', shop)
      .forUpdate('orders')
      .executeTakeFirst()
    // Orders of other shops are none of this one's business, not even that they exist.
    if (!row) throw new Refusal('NOT_FOUND', 'There is no such ticket.')
    const order = orderOf(row)
    if (order.status === to) return order
    if (!row.open) throw new Refusal('SHOP_CLOSED', 'The shop is closed. Open it to go on.', order)
    if (order.version !== version) {
      throw new Refusal(
        'CONFLICT',
        `Somebody else moved ticket ${order.number}: it is ${IN_WORDS[order.status]} already.`,
        order,
      )
    }
    if (NEXT[order.status] !== to) {
      throw new Refusal(
        'CONFLICT',
        `Ticket ${order.number} is ${IN_WORDS[order.status]} and cannot be ${IN_WORDS[to]} next.`,
        order,
      )
    }
    const moved = await change
      .updateTable('orders')
      .set({ status: to, version: version + 1, changed_at: sql`now()` })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
    const now = orderOf({ ...moved, shop_name: row.shop_name })
    await announceOrder(change, moved.customer, now)
    return now
  })
}
