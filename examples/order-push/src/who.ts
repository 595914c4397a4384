import { createHash } from 'node:crypto'
import type { Database } from './database/database.js'

/** Somebody the application knows. `id` is what the realtime server calls them. */
export type Who = Customer | ShopStaff

/** Somebody who orders: whoever holds the token that their page made up. */
export interface Customer {
  readonly kind: 'customer'
  readonly id: string
}

/** Somebody in a shop. */
export interface ShopStaff {
  readonly kind: 'shop'
  readonly id: string
  readonly shop: string
}

/** A token of a customer: nobody can guess it. */
const CUSTOMER_TOKEN = /^customer-[\w-]{32,64}$/

/** What is stored of a token. */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

/** Who holds this token; `undefined` when nobody does. */
export async function whoHolds(db: Database, token: string | undefined): Promise<Who | undefined> {
  if (!token) return undefined
  // The id is shown to others, so it must not be the token.
  if (CUSTOMER_TOKEN.test(token)) return { kind: 'customer', id: hashOf(token).slice(0, 32) }
  const shop = await db.selectFrom('shops').select('id').where('token_hash', '=', hashOf(token)).executeTakeFirst()
  return shop && { kind: 'shop', id: `shop-${shop.id}`, shop: shop.id }
}
