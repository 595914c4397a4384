import type { ColumnType, Generated, JSONColumnType } from 'kysely'
import type { Line, Status } from '../contract.js'

/** The tables, as migrations.ts makes them. */
export interface Schema {
  shops: ShopTable
  dishes: DishTable
  orders: OrderTable
  outbox: OutboxTable
}

/** Somebody who cooks. */
export interface ShopTable {
  readonly id: string
  readonly name: string
  readonly tagline: string
  /** SHA-256 of the token its pages sign in with, in hex. */
  readonly token_hash: string
  readonly open: Generated<boolean>
  /** Grows with every change of `open`. */
  readonly version: Generated<number>
  /** Number of the latest order. */
  readonly last_number: Generated<number>
}

/** What a shop sells. */
export interface DishTable {
  readonly shop: string
  readonly id: string
  readonly name: string
  readonly description: string
  readonly price_cents: number
  readonly position: number
}

/** What a customer ordered. */
export interface OrderTable {
  readonly id: string
  readonly shop: string
  /** Counts the orders of a shop. */
  readonly number: number
  readonly customer: string
  /** What the customer's page calls this order: unique for the customer, so that a retry finds it. */
  readonly key: string
  readonly name: string
  readonly note: string
  /** Dishes with the names and prices they had. */
  readonly lines: JSONColumnType<readonly Line[]>
  readonly total_cents: number
  readonly status: Status
  /** Grows with every change of `status`. */
  readonly version: Generated<number>
  readonly placed_at: ColumnType<Date, Date | undefined>
  readonly changed_at: ColumnType<Date, Date | undefined>
}

/** Messages that were decided and are not pushed yet. */
export interface OutboxTable {
  /** In the order of writing. */
  readonly id: Generated<string>
  readonly channel: string
  /** Idempotency key of the push. */
  readonly key: string
  readonly data: JSONColumnType<object>
  /** Why it can never be pushed. */
  readonly failure: string | null
}
