import { app, type Input, type MethodName, type Output } from './contract.js'
import type { Database } from './database/database.js'
import { listOrders, listTickets } from './orders/list-orders.js'
import { moveTicket } from './orders/move-ticket.js'
import { placeOrder } from './orders/place-order.js'
import { Refusal } from './orders/refusal.js'
import { getShopInfo, listShops, openShop } from './orders/shops.js'
import type { Customer, ShopStaff, Who } from './who.js'

/** Who asks, and where the data is. */
export interface Context {
  readonly db: Database
  readonly who: Who | undefined
}

type Functions = {
  readonly [Name in MethodName]: (context: Context, input: Input<Name>) => Promise<Output<Name>>
}

/**
 * What pages can ask for, by name. Each judges who asks and knows nothing of how the question came. They keep nothing
 * between two questions, so any process can answer the next one.
 */
const functions: Functions = {
  list_shops: ({ db }) => listShops(db),
  get_shop_info: ({ db }, { shop }) => getShopInfo(db, shop),
  bill: ({ db, who }, input) => placeOrder(db, customer(who).id, input),
  list_orders: ({ db, who }) => listOrders(db, customer(who).id),
  open_shop: ({ db, who }, { open }) => openShop(db, staff(who).shop, open),
  list_tickets: ({ db, who }) => listTickets(db, staff(who).shop),
  move_ticket: ({ db, who }, input) => moveTicket(db, staff(who).shop, input),
}

/** The names of all. */
export const names = Object.keys(functions) as MethodName[]

/** Whether there is a function of this name. */
export const isFunction = (name: string): name is MethodName => Object.hasOwn(functions, name)

/** Runs a function on input that was checked. @throws Refusal as the function does. */
export function run(name: MethodName, context: Context, input: unknown): Promise<object> {
  const each = functions[name] as (context: Context, input: unknown) => Promise<object>
  return each(context, input)
}

/** Checks input by the contract. @throws Refusal `INVALID_INPUT`. */
export function inputFor(name: MethodName, given: unknown): unknown {
  const input = app.methods[name].input.safeParse(given)
  if (!input.success) throw new Refusal('INVALID_INPUT', wordsFor(input.error.issues))
  return input.data
}

/** The first complaint, with the field it is about when the words do not say it. */
function wordsFor([issue]: ReadonlyArray<{ readonly message: string; readonly path: readonly PropertyKey[] }>): string {
  if (!issue) return 'The input is not as it should be.'
  return issue.message.startsWith('Invalid') && issue.path.length > 0
    ? `${issue.path.map(String).join('.')}: ${issue.message}`
    : issue.message
}

function customer(who: Who | undefined): Customer {
  if (!who) throw new Refusal('SIGN_IN', 'Say who you are, with a token.')
  if (who.kind !== 'customer') throw new Refusal('FORBIDDEN', 'Only customers can do this.')
  return who
}

function staff(who: Who | undefined): ShopStaff {
  if (!who) throw new Refusal('SIGN_IN', 'This token opens no shop.')
  if (who.kind !== 'shop') throw new Refusal('FORBIDDEN', 'Only a shop can do this.')
  return who
}
