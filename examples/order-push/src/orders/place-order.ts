import { randomUUID } from 'node:crypto'
import { MOST_OF_A_DISH, type Input, type Line, type Order } from '../contract.js'
import type { Database } from '../database/database.js'
import { announceOrder, orderOf, selectOrders } from './order.js'
import { Refusal } from './refusal.js'

/** Orders of one customer that may wait at the same time. */
const MOST_OPEN = 20

/**
 * Stores an order, together with the messages that tell of it. The same key again gives the order it made the first
 * time. A closed shop takes orders too: they wait until it opens.
 *
 * @throws Refusal `NOT_FOUND`, `INVALID_INPUT`, `TOO_MANY`, or `KEY_REUSED` when the key belongs to another order.
 */
export function placeOrder(db: Database, customer: string, input: Input<'bill'>): Promise<Order> {
  return db.transaction().execute(async (change) => {
    // Locked, so that numbers have no holes and a retry waits for the first attempt.
    const shop = await change
      .selectFrom('shops')
      .select(['id', 'last_number'])
      .where('id', '=', input.shop)
      .forUpdate()
      .executeTakeFirst()
    if (!shop) throw new Refusal('NOT_FOUND', 'There is no such shop.')

    const earlier = await findByKey(change, customer, input.key)
    if (earlier) return sameOrder(earlier, input)

    const lines = await priced(change, input)
    await refuseTooMany(change, customer)
    const id = randomUUID()
    const number = shop.last_number + 1
    const { shop: shopId, key, name, note } = input
    const total_cents = lines.reduce((sum, { count, priceCents }) => sum + count * priceCents, 0)
    await change.updateTable('shops').set({ last_number: number }).where('id', '=', shopId).execute()
    const made = await change
      .insertInto('orders')
      .values({
        ...{ id, shop: shopId, number, customer, key, name, note, total_cents, status: 'new' },
        lines: JSON.stringify(lines),
      })
      // Two shops asked at once with one key do not wait for each other: the second one is told here.
      .onConflict((conflict) => conflict.constraint('orders_once').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (!made) throw keyReused()
    const order = orderOf(await selectOrders(change).where('orders.id', '=', id).executeTakeFirstOrThrow())
    await announceOrder(change, customer, order)
    return order
  })
}

async function findByKey(db: Database, customer: string, key: string): Promise<Order | undefined> {
  const row = await selectOrders(db).where('customer', '=', customer).where('key', '=', key).executeTakeFirst()
  return row && orderOf(row)
}

/** The order that this key made, unless it is asked to be another one now. */
function sameOrder(order: Order, { shop, name, note, lines }: Input<'bill'>): Order {
  const text = (lines: ReadonlyArray<{ dish: string; count: number }>) =>
    lines.map(({ dish, count }) => `${count} ${dish}`).join()
  const same =
    order.shop === shop && order.name === name && order.note === note && text(order.lines) === text(summed(lines))
  if (!same) throw keyReused()
  return order
}

function keyReused(): Refusal {
  return new Refusal('KEY_REUSED', 'This key belongs to another order. A new order needs a new key.')
}

/** What was asked for, with names and prices of today. */
async function priced(db: Database, { shop, lines }: Input<'bill'>): Promise<Line[]> {
  const dishes = await db.selectFrom('dishes').selectAll().where('shop', '=', shop).execute()
  return summed(lines).map(({ dish, count }) => {
    const found = dishes.find(({ id }) => id === dish)
    if (!found) throw new Refusal('INVALID_INPUT', 'One of the dishes is not on the menu of this shop any more.')
    if (count > MOST_OF_A_DISH) throw new Refusal('INVALID_INPUT', `At most ${MOST_OF_A_DISH} of each dish.`)
    return { dish, name: found.name, count, priceCents: found.price_cents }
  })
}

/** One line for each dish. */
function summed(lines: Input<'bill'>['lines']): Input<'bill'>['lines'] {
  const counts = new Map<string, number>()
  for (const { dish, count } of lines) counts.set(dish, (counts.get(dish) ?? 0) + count)
  return [...counts].map(([dish, count]) => ({ dish, count }))
}

async function refuseTooMany(db: Database, customer: string): Promise<void> {
  const { open } = await db
    .selectFrom('orders')
    .select((each) => each.fn.countAll<string>().as('open'))
    .where('customer', '=', customer)
    .where('status', '<>', 'collected')
    .executeTakeFirstOrThrow()
  if (Number(open) >= MOST_OPEN)
    throw new Refusal('TOO_MANY', `You have ${MOST_OPEN} orders waiting. Collect one first.`)
}
