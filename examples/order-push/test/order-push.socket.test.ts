import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../chat/test/support/until.js'
import type { Order } from '../src/contract.js'
import { openDatabase } from '../src/database/database.js'
import { initDb } from '../src/database/migrations.js'
import { placeOrder } from '../src/orders/place-order.js'
import type { Push } from '../src/outbox.js'
import { follow } from '../src/page/follow.js'
import { bundle, type Bundle } from './support/bundle.js'
import { customerToken, movableTime, pizza, startOrderPush, type RunningOrderPush } from './support/order-push.js'
import { testPostgres, type TestPostgres } from './support/postgres.js'
import { runProcess } from './support/process.js'

const ADA = customerToken('ada')
const EVE = customerToken('eve')
const SHOP = 'pizzeria-demo'
/** Longer than a log keeps messages. */
const SIX_MINUTES_MS = 360_000

let postgres: TestPostgres
let bundled: Bundle
let databaseUrl: string
let app: RunningOrderPush

beforeAll(async () => {
  ;[postgres, bundled] = await Promise.all([testPostgres(), bundle(['test/support/halting-server.ts'])])
})

afterAll(async () => {
  await postgres?.stop()
  await bundled?.remove()
})

beforeEach(async () => {
  databaseUrl = await postgres.newDatabase()
})

afterEach(() => app?.close())

async function start(options: Parameters<typeof startOrderPush>[2] = {}): Promise<RunningOrderPush> {
  app = await startOrderPush(databaseUrl, bundled.pages, options)
  return app
}

/** Opens the shop as its page does, and collects what it is told of. */
async function openPage(): Promise<{ readonly loaded: Order[]; readonly live: Order[] }> {
  await app.call('open_shop', { open: true }, SHOP)
  const seen = { loaded: [] as Order[], live: [] as Order[], ready: false }
  follow(app.client(SHOP), 'shop:pizzeria', {
    load: async () => (await app.call('list_tickets', {}, SHOP)).tickets,
    loaded: (tickets) => {
      seen.loaded.push(...tickets)
      seen.ready = true
    },
    changed: (ticket) => void seen.live.push(ticket),
    failed: (error) => expect.unreachable(error.message),
  })
  await until('the tickets', () => seen.ready)
  return seen
}

/** Everything that was decided is pushed. */
async function pushedAll(): Promise<void> {
  const left = () => app.db.selectFrom('outbox').select('id').execute()
  await until('an empty outbox', left, ({ length }) => length === 0)
}

/** What a function says when it refuses. */
async function refusal(name: string, input: unknown, token?: string) {
  const response = await app.ask(name, input, token)
  const { error } = (await response.json()) as { error: { code: string; message: string; current?: Order } }
  return { status: response.status, ...error }
}

test('[D7] the tables are made once: making them again, and twice at the same time, changes nothing', async () => {
  await start()
  const order = await app.call('bill', pizza('first'), ADA)
  await app.call('open_shop', { open: true }, SHOP)
  const other = openDatabase(databaseUrl)
  await Promise.all([initDb(app.db), initDb(other)])
  await initDb(other)
  await other.destroy()
  expect(await app.call('list_orders', {}, ADA)).toEqual([order])
  const shops = await app.call('list_shops', {})
  expect(shops.map(({ id, open }) => [id, open])).toEqual([
    ['bakery', false],
    ['noodles', false],
    ['pizzeria', true],
  ])
  expect((await app.call('get_shop_info', { shop: 'pizzeria' })).menu).toHaveLength(5)
})

test('[D7] two processes that start on an empty database at once both find its tables', async () => {
  const both = [openDatabase(databaseUrl), openDatabase(databaseUrl)]
  await Promise.all(both.map(initDb))
  for (const db of both) {
    expect(await db.selectFrom('shops').select('id').execute()).toHaveLength(3)
    await db.destroy()
  }
  await start()
})

describe('over HTTP', () => {
  beforeEach(() => start())

  test('[D5] get_shop_info gives the menu of a shop', async () => {
    const response = await fetch(`${app.url}/api/get_shop_info?shop=pizzeria`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.json()).toMatchObject({
      id: 'pizzeria',
      name: 'Pizzeria Aurora',
      open: false,
      menu: [
        { id: 'margherita', name: 'Margherita', description: 'Tomato, mozzarella, basil', priceCents: 950 },
        {},
        {},
        {},
        {},
      ],
    })
    expect(await refusal('get_shop_info', { shop: 'nowhere' })).toEqual({
      status: 404,
      code: 'NOT_FOUND',
      message: 'There is no such shop.',
    })
  })

  test('[D5] bill takes an order: prices come from the menu, numbers count the orders of a shop', async () => {
    const lines = [
      { dish: 'diavola', count: 2 },
      { dish: 'tiramisu', count: 1, priceCents: 1 },
      { dish: 'diavola', count: 1 },
    ]
    const order = await app.call('bill', { ...pizza('one', { note: ' Hot! ' }), lines, totalCents: 1 }, ADA)
    expect(order).toMatchObject({
      shop: 'pizzeria',
      shopName: 'Pizzeria Aurora',
      number: 1,
      name: 'Ada',
      note: 'Hot!',
      status: 'new',
      version: 1,
      lines: [
        { dish: 'diavola', name: 'Diavola', count: 3, priceCents: 1150 },
        { dish: 'tiramisu', name: 'Tiramisù', count: 1, priceCents: 550 },
      ],
      totalCents: 4000,
    })
    expect(JSON.stringify(order)).not.toContain('key')
    expect((await app.call('bill', pizza('two'), EVE)).number).toBe(2)
    expect(
      (await app.call('bill', { ...pizza('three'), shop: 'bakery', lines: [{ dish: 'croissant', count: 1 }] }, EVE))
        .number,
    ).toBe(1)
  })

  test.each([
    ['no name', { name: '  ' }, 'Tell us your name.'],
    ['nothing chosen', { lines: [] }, 'Choose something first.'],
    [
      'a dish of another shop',
      { lines: [{ dish: 'croissant', count: 1 }] },
      'One of the dishes is not on the menu of this shop any more.',
    ],
    ['too many of a dish', { lines: [{ dish: 'margherita', count: 21 }] }, 'At most 20 of each dish.'],
    [
      'too many of a dish, in parts',
      { lines: Array.from({ length: 2 }, () => ({ dish: 'margherita', count: 20 })) },
      'At most 20 of each dish.',
    ],
    ['half a dish', { lines: [{ dish: 'margherita', count: 0.5 }] }, /^lines\.0\.count: /],
    ['a long note', { note: 'x'.repeat(201) }, 'A note has at most 200 characters.'],
    ['a key that could be guessed', { key: '1' }, 'The key of an order has 16 characters at least.'],
    ['a name that is no text', { name: 7 }, /^name: /],
  ])('an order with %s is refused with a sentence, and nothing is stored', async (_, wrong, message) => {
    expect(await refusal('bill', { ...pizza('wrong'), ...wrong }, ADA)).toEqual({
      status: 400,
      code: 'INVALID_INPUT',
      message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
    })
    expect(await app.call('list_orders', {}, ADA)).toEqual([])
    expect(await app.db.selectFrom('outbox').selectAll().execute()).toEqual([])
  })

  test('what is no request for a function is refused with a sentence', async () => {
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`${app.url}/api/${path}`, init)
      return [response.status, ((await response.json()) as { error: { message: string } }).error.message]
    }
    const json = { 'content-type': 'application/json' }
    expect(await ask('nothing')).toEqual([404, 'There is no such function.'])
    expect(await ask('constructor', { method: 'POST' })).toEqual([404, 'There is no such function.'])
    expect(await ask('bill')).toEqual([405, 'Ask bill by POST.'])
    expect(await ask('bill', { method: 'POST', headers: json, body: '{' })).toEqual([400, 'The input is no JSON.'])
    expect(await ask('bill', { method: 'POST', body: new URLSearchParams({ shop: 'pizzeria' }) })).toEqual([
      400,
      'Send JSON, with the header content-type: application/json.',
    ])
    expect(await ask('bill', { method: 'POST', headers: json, body: JSON.stringify('x'.repeat(20_000)) })).toEqual([
      400,
      'The input has more than 16384 bytes.',
    ])
  })

  test('who may not is told so: customers run no shop, and a shop sees and moves its own tickets only', async () => {
    const order = await app.call('bill', pizza('mine'), ADA)
    const move = { order: order.id, version: 1, to: 'cooking' }
    expect(await refusal('bill', pizza('none'))).toMatchObject({ status: 401, code: 'SIGN_IN' })
    expect(await refusal('bill', pizza('shop'), SHOP)).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect(await refusal('list_tickets', {})).toMatchObject({ status: 401, message: 'This token opens no shop.' })
    expect(await refusal('open_shop', { open: true }, ADA)).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect(await refusal('move_ticket', move, ADA)).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect(await refusal('move_ticket', move, 'bakery-demo')).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    expect((await app.call('list_tickets', {}, 'bakery-demo')).tickets).toEqual([])
    expect(await app.call('list_orders', {}, EVE)).toEqual([])
  })

  test('a customer with 20 orders waiting has to collect one first', async () => {
    for (let i = 0; i < 20; i++) await app.call('bill', pizza(`number ${i}`), ADA)
    expect(await refusal('bill', pizza('number 20'), ADA)).toMatchObject({ status: 429, code: 'TOO_MANY' })
    expect((await app.call('bill', pizza('number 20'), EVE)).number).toBe(21)
  })
})

describe('over the links of pages', () => {
  beforeEach(() => start())

  test('[D5] the same functions are methods: an order is placed, moved and listed', async () => {
    const ada = app.client(ADA)
    const kitchen = app.client(SHOP)
    expect(await app.anonymous().call('list_shops', {})).toHaveLength(3)
    expect((await ada.call('get_shop_info', { shop: 'pizzeria' })).menu).toHaveLength(5)
    const order = await ada.call('bill', pizza('by call'))
    expect(order).toMatchObject({ number: 1, totalCents: 950, status: 'new' })
    // Over whichever way it comes, it is one order.
    expect(await app.call('bill', pizza('by call'), ADA)).toEqual(order)
    expect(await kitchen.call('open_shop', { open: true })).toMatchObject({ id: 'pizzeria', open: true })
    const moved = await kitchen.call('move_ticket', { order: order.id, version: 1, to: 'cooking' })
    expect(moved).toEqual({ ...order, status: 'cooking', version: 2, changedAt: moved.changedAt })
    expect((await kitchen.call('list_tickets', {})).tickets).toEqual([moved])
    expect(await ada.call('list_orders', {})).toEqual([moved])
  })

  test('[D5] a method refuses with the same code and sentence as over HTTP', async () => {
    const ada = app.client(ADA)
    const order = await ada.call('bill', pizza('refused'))
    const move = { order: order.id, version: 1, to: 'cooking' } as const
    const refused = (code: string, message?: string) => ({ code, ...(message && { message }) })
    await expect(ada.call('bill', { ...pizza('refused'), note: 'x' })).rejects.toMatchObject(refused('KEY_REUSED'))
    await expect(ada.call('bill', { ...pizza('wrong'), lines: [] })).rejects.toMatchObject(
      refused('INVALID_DATA', 'Choose something first.'),
    )
    await expect(ada.call('move_ticket', move)).rejects.toMatchObject(refused('FORBIDDEN', 'Only a shop can do this.'))
    await expect(app.client('bakery-demo').call('move_ticket', move)).rejects.toMatchObject(refused('NOT_FOUND'))
    await expect(app.client(SHOP).call('move_ticket', move)).rejects.toMatchObject(
      refused('SHOP_CLOSED', 'The shop is closed. Open it to go on.'),
    )
    await expect(app.anonymous().call('bill', pizza('nobody'))).rejects.toMatchObject(refused('SIGN_IN'))
    await expect(app.client('guessed').call('list_tickets', {})).rejects.toMatchObject(refused('UNAUTHORIZED'))
  })

  test('a database that is in trouble is no refusal: the call can be repeated', async () => {
    const ada = app.client(ADA)
    await sql`alter table orders rename to elsewhere`.execute(app.db)
    await expect(ada.call('list_orders', {})).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await sql`alter table elsewhere rename to orders`.execute(app.db)
    expect(await ada.call('list_orders', {})).toEqual([])
    expect(app.reports.join()).toContain('list_orders failed')
  })
})

describe('channels', () => {
  test('customers and shops hear of their own orders only', async () => {
    await start()
    const ada = app.client(ADA)
    await ada.ready()
    const eve = app.client(EVE)
    const denied = async (name: 'shop:pizzeria' | `customer:${string}`, client = eve) => {
      const channel = client.channel(name)
      channel.on('message', () => {})
      return channel.ready().then(
        () => 'subscribed',
        ({ code }: { code: string }) => code,
      )
    }
    expect(await denied(`customer:${ada.user}`)).toBe('FORBIDDEN')
    expect(await denied('shop:pizzeria')).toBe('FORBIDDEN')
    expect(await denied('shop:pizzeria', app.client('bakery-demo'))).toBe('FORBIDDEN')
    await expect(eve.channel(`customer:${ada.user}`).history()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    // Nobody publishes but the server.
    await expect(ada.channel('shops').publish({} as never)).rejects.toMatchObject({
      code: expect.stringMatching(/FORBIDDEN|INVALID_DATA/) as string,
    })
    expect(await denied(`customer:${ada.user}`, ada)).toBe('subscribed')
  })

  test('[D6] the status of an order goes to its customer, step by step', async () => {
    await start()
    const ada = app.client(ADA)
    await ada.ready()
    const seen: string[] = []
    const channel = ada.channel(`customer:${ada.user}`)
    channel.on('message', ({ data }) => void seen.push(`${data.number} ${data.status}`))
    await channel.ready()
    await app.call('open_shop', { open: true }, SHOP)
    const order = await app.call('bill', pizza('steps'), ADA)
    let version = 1
    for (const to of ['cooking', 'ready', 'collected']) {
      ;({ version } = await app.call('move_ticket', { order: order.id, version, to }, SHOP))
    }
    await until(
      'all steps',
      () => seen,
      ({ length }) => length === 4,
    )
    expect(seen).toEqual(['1 new', '1 cooking', '1 ready', '1 collected'])
    expect((await app.call('list_tickets', {}, SHOP)).tickets).toEqual([])
  })
})

describe('moves', () => {
  let order: Order

  beforeEach(async () => {
    await start()
    await app.call('open_shop', { open: true }, SHOP)
    order = await app.call('bill', pizza('moves'), ADA)
  })

  test('a move from where the ticket no longer stands is refused, with where it stands', async () => {
    await app.call('move_ticket', { order: order.id, version: 1, to: 'cooking' }, SHOP)
    await app.call('move_ticket', { order: order.id, version: 2, to: 'ready' }, SHOP)
    expect(await refusal('move_ticket', { order: order.id, version: 1, to: 'cooking' }, SHOP)).toMatchObject({
      status: 409,
      code: 'CONFLICT',
      message: 'Somebody else moved ticket 1: it is ready already.',
      current: { id: order.id, status: 'ready', version: 3 },
    })
  })

  test('a step cannot be skipped', async () => {
    expect(await refusal('move_ticket', { order: order.id, version: 1, to: 'ready' }, SHOP)).toMatchObject({
      code: 'CONFLICT',
      message: 'Ticket 1 is new and cannot be ready next.',
    })
  })

  test('a move that is repeated is one move', async () => {
    const move = { order: order.id, version: 1, to: 'cooking' }
    const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => app.call('move_ticket', move, SHOP)))
    for (const other of others) expect(other).toEqual(first)
    await pushedAll()
    expect((await app.ticketsSent()).map(({ version }) => version)).toEqual([1, 2])
  })

  test('a closed shop moves nothing', async () => {
    await app.call('open_shop', { open: false }, SHOP)
    expect(await refusal('move_ticket', { order: order.id, version: 1, to: 'cooking' }, SHOP)).toMatchObject({
      code: 'SHOP_CLOSED',
      message: 'The shop is closed. Open it to go on.',
    })
  })
})

describe('one order', () => {
  test('[D11] a retried order is one order and one ticket, also when the attempts come at once', async () => {
    await start()
    const attempts = await Promise.all(Array.from({ length: 10 }, () => app.call('bill', pizza('retry'), ADA)))
    const again = await app.call('bill', pizza('retry'), ADA)
    for (const attempt of attempts) expect(attempt).toEqual(again)
    expect(await app.call('list_orders', {}, ADA)).toEqual([again])
    await pushedAll()
    expect(await app.ticketsSent()).toEqual([again])
  })

  test('[D11] a key counts for its customer, and for one order only', async () => {
    await start()
    await app.call('bill', pizza('shared'), ADA)
    expect((await app.call('bill', pizza('shared'), EVE)).number).toBe(2)
    const reused = { status: 409, code: 'KEY_REUSED' }
    expect(await refusal('bill', pizza('shared', { note: 'Another' }), ADA)).toMatchObject(reused)
    const rolls = { shop: 'bakery', lines: [{ dish: 'croissant', count: 1 }] }
    expect(await refusal('bill', pizza('shared', rolls), ADA)).toMatchObject(reused)
    // Two shops at once: neither waits for the other, and the database decides.
    const both = await Promise.all([app.ask('bill', pizza('race'), ADA), app.ask('bill', pizza('race', rolls), ADA)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  })
})

describe('the outbox', () => {
  test('[D11] an order whose message cannot be written is not stored, and can be sent again', async () => {
    await start()
    await sql`alter table outbox rename to elsewhere`.execute(app.db)
    expect(await refusal('bill', pizza('both'), ADA)).toMatchObject({ status: 503, code: 'UNAVAILABLE' })
    expect(await app.call('list_orders', {}, ADA)).toEqual([])
    await sql`alter table elsewhere rename to outbox`.execute(app.db)
    expect(await app.call('bill', pizza('both'), ADA)).toMatchObject({ number: 1 })
  })

  test('[D11] killed between commit and push, the order is stored, and a restart delivers its ticket once', async () => {
    const db = openDatabase(databaseUrl)
    await initDb(db)
    const server = runProcess(bundled.server('halting-server'), { DATABASE_URL: databaseUrl })
    const port = await server.says(/port (\d+)/)
    const response = await fetch(`http://127.0.0.1:${port}/api/bill`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADA}` },
      body: JSON.stringify(pizza('killed')),
    })
    expect(response.status).toBe(200)
    const order = (await response.json()) as Order
    await server.says(new RegExp(`(about to push ${order.id} to shop:pizzeria)`))
    await server.end('SIGKILL')
    const waiting = await db.selectFrom('outbox').select(['channel', 'key']).execute()
    await db.destroy()
    expect(waiting).toContainEqual({ channel: 'shop:pizzeria', key: order.id })

    await start()
    await pushedAll()
    // A customer who never saw the answer asks again.
    expect(await app.call('bill', pizza('killed'), ADA)).toEqual(order)
    expect(await app.ticketsSent()).toEqual([order])
    const page = await openPage()
    expect(page).toMatchObject({ loaded: [order], live: [] })
    const next = await app.call('bill', pizza('next'), ADA)
    await until('the next ticket', () => page.live.length)
    expect(page.live).toEqual([next])
  })

  test('[D11] a closed shop gets its tickets when it opens, also when the log has forgotten them', async () => {
    const time = movableTime()
    await start({ realtime: time.realtime })
    const early = await app.call('bill', pizza('early'), ADA)
    await pushedAll()
    expect(await app.ticketsSent()).toEqual([early])
    time.advance(SIX_MINUTES_MS)
    expect(await app.ticketsSent()).toEqual([])
    const page = await openPage()
    expect(page.loaded).toEqual([early])
    const late = await app.call('bill', pizza('late'), ADA)
    await until('the late ticket', () => page.live.length)
    expect(page.live).toEqual([late])
  })

  test('[D11] an order that comes while the shop opens is there, whenever that is', async () => {
    await start()
    await app.call('open_shop', { open: true }, SHOP)
    // One order just before the tickets are read, one just after: the page has to have both.
    const seen = new Set<string>()
    const see = ({ id }: Order) => void seen.add(id)
    let loads = 0
    const made: Order[] = []
    follow(app.client(SHOP), 'shop:pizzeria', {
      load: async () => {
        loads++
        made.push(await app.call('bill', pizza('before'), ADA))
        const { tickets } = await app.call('list_tickets', {}, SHOP)
        made.push(await app.call('bill', pizza('after'), ADA))
        await pushedAll()
        return tickets
      },
      loaded: (tickets) => tickets.forEach(see),
      changed: see,
      failed: (error) => expect.unreachable(error.message),
    })
    await until('both orders', () => seen.size === 2)
    expect(loads).toBe(1)
    expect([...seen].sort()).toEqual(made.map(({ id }) => id).sort())
  })

  test('a push that was stored, and not seen to be, is repeated as the same message', async () => {
    let failures = 0
    const forgetful =
      (push: Push): Push =>
      async (channel, data, options) => {
        await push(channel, data, options)
        if (failures++ < 1) throw Object.assign(new Error('the answer was lost'), { retryable: true })
      }
    await start({ push: forgetful })
    const order = await app.call('bill', pizza('twice'), ADA)
    await pushedAll()
    expect(failures).toBeGreaterThan(1)
    expect(await app.ticketsSent()).toEqual([order])
    expect(app.reports).toContain('the outbox waits: Error: the answer was lost')
  })

  test('a message that can never be pushed stays in the table, with the reason, and holds up nobody', async () => {
    await start()
    await app.db
      .insertInto('outbox')
      .values({ channel: 'shop:pizzeria', key: 'broken', data: JSON.stringify({ no: 'order' }) })
      .execute()
    const order = await app.call('bill', pizza('behind'), ADA)
    await until(
      'the order',
      () => app.ticketsSent(),
      ({ length }) => length === 1,
    )
    expect(await app.ticketsSent()).toEqual([order])
    const left = () => app.db.selectFrom('outbox').select(['key', 'failure']).execute()
    await until('one row', left, ({ length }) => length === 1)
    expect(await left()).toEqual([{ key: 'broken', failure: expect.stringContaining('RealtimeError') as string }])
  })

  test('an order that another process stored is pushed at once', { retry: 2 }, async () => {
    await start()
    const page = await openPage()
    const other = openDatabase(databaseUrl)
    await other.selectFrom('shops').select('id').execute()
    // Well below the time after which the relay looks by itself.
    const started = performance.now()
    const order = await placeOrder(other, 'somebody', pizza('elsewhere'))
    await until('the ticket', () => page.live.length)
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(page.live).toEqual([order])
    await other.destroy()
  })

  test('messages are pushed in the order of writing', async () => {
    await start()
    await Promise.all(Array.from({ length: 30 }, (_, i) => app.call('bill', pizza(`order ${i}`), i < 15 ? ADA : EVE)))
    await pushedAll()
    expect((await app.ticketsSent()).map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  })
})
