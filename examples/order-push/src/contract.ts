import { contract } from '@org/realtime-protocol'
import { z } from 'zod'

/** What becomes of an order, in this order. */
export const STATUSES = ['new', 'cooking', 'ready', 'collected'] as const

/** How many of one dish an order can have. */
export const MOST_OF_A_DISH = 20

const status = z.enum(STATUSES)
const id = z.string().min(1).max(64)
const line = z.object({ dish: id, name: z.string(), count: z.int(), priceCents: z.int() })

const shop = z.object({
  id,
  name: z.string(),
  tagline: z.string(),
  open: z.boolean(),
  /** Grows with every change: what comes late is older, and is left. */
  version: z.int(),
})

const order = z.object({
  id,
  shop: id,
  shopName: z.string(),
  /** Counts the orders of the shop. */
  number: z.int(),
  /** Name of who ordered. */
  name: z.string(),
  note: z.string(),
  lines: z.array(line),
  totalCents: z.int(),
  status,
  /** Grows with every change: what comes late is older, and is left. */
  version: z.int(),
  /** Milliseconds since 1970. */
  placedAt: z.number(),
  changedAt: z.number(),
})

const dish = z.object({ id, name: z.string(), description: z.string(), priceCents: z.int() })
const tickets = z.object({ shop, tickets: z.array(order) })

/** What the server and the pages agree on. Pages import only the types, so zod stays out of their bundles. */
export const app = contract({
  channels: {
    /** Which shops are open. */
    shops: { message: shop },
    /** The orders of one shop, for its kitchen. */
    'shop:{shop}': { message: order },
    /** The orders of one customer. */
    'customer:{customer}': { message: order },
  },
  // Every one can be called again without harm.
  methods: {
    list_shops: { input: z.object({}), output: z.array(shop), idempotent: true },
    get_shop_info: { input: z.object({ shop: id }), output: shop.extend({ menu: z.array(dish) }), idempotent: true },
    bill: {
      input: z.object({
        shop: id,
        /** Made once for an order and sent with every attempt, so that two attempts are one order. */
        key: z.string().min(16, 'The key of an order has 16 characters at least.').max(64),
        name: z.string().trim().min(1, 'Tell us your name.').max(40, 'A name has at most 40 characters.'),
        note: z.string().trim().max(200, 'A note has at most 200 characters.').default(''),
        lines: z
          .array(
            z.object({
              dish: id,
              count: z.int().min(1).max(MOST_OF_A_DISH, `At most ${MOST_OF_A_DISH} of each dish.`),
            }),
          )
          .min(1, 'Choose something first.')
          .max(20, 'At most 20 different dishes.'),
      }),
      output: order,
      idempotent: true,
    },
    list_orders: { input: z.object({}), output: z.array(order), idempotent: true },
    open_shop: { input: z.object({ open: z.boolean() }), output: shop, idempotent: true },
    list_tickets: { input: z.object({}), output: tickets, idempotent: true },
    move_ticket: {
      input: z.object({
        order: z.uuid(),
        to: status,
        /** Version of the order that was on screen. */
        version: z.int(),
      }),
      output: order,
      idempotent: true,
    },
  },
})

type Methods = typeof app.methods
/** Name of something that pages can ask for. */
export type MethodName = keyof Methods
/** What the code behind a method gets. */
export type Input<Name extends MethodName> = z.output<Methods[Name]['input']>
/** What a method answers. */
export type Output<Name extends MethodName> = z.output<Methods[Name]['output']>

export type Status = (typeof STATUSES)[number]
export type Line = z.infer<typeof line>
export type Shop = z.infer<typeof shop>
export type Dish = z.infer<typeof dish>
export type Order = z.infer<typeof order>
export type ShopInfo = Output<'get_shop_info'>
export type Tickets = z.infer<typeof tickets>
