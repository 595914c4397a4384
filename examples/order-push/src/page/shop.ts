import { RealtimeClient } from '@org/realtime-client'
import type { app, Shop } from '../contract.js'
import { Banner } from './banner.js'
import { Board } from './board.js'
import { call, CallError } from './call.js'
import { byId, write } from './dom.js'
import { follow, type Client } from './follow.js'
import { drawOpen } from './shops-view.js'

const KEPT = 'shop-token'
const banner = new Banner()
const board = new Board()

/** Somebody signed in: a client, the shop as we know it, and the tickets while it is open. */
class Kitchen {
  private leaveTickets: (() => void) | undefined

  constructor(
    private readonly client: Client,
    private shop: Shop,
  ) {
    banner.watch(client)
    // Another screen of the same shop can open and close it, too.
    follow(client, 'shops', {
      load: async (signal) => (await call(client, 'list_tickets', {}, { signal })).shop,
      loaded: (shop) => this.take(shop),
      changed: (shop) => this.take(shop),
      failed: (error) => this.problem(error.message),
    })
    this.draw()
  }

  async open(open: boolean): Promise<void> {
    this.problem('')
    try {
      this.take(await call(this.client, 'open_shop', { open }))
    } catch (error) {
      this.problem((error as CallError).message)
    }
  }

  leave(): void {
    this.leaveTickets?.()
    board.clear()
    banner.leave()
    void this.client.close()
  }

  private take(shop: Shop): void {
    if (shop.id !== this.shop.id || shop.version <= this.shop.version) return
    const turned = shop.open !== this.shop.open
    this.shop = shop
    this.draw()
    if (turned) byId(shop.open ? 'close' : 'open').focus()
  }

  private draw(): void {
    const { name, open } = this.shop
    board.title = name
    write(byId('title'), name)
    drawOpen(byId('badge'), open)
    byId('controls').hidden = false
    byId('signing').hidden = true
    byId('closed').hidden = open
    byId('close').hidden = !open
    byId('board').hidden = !open
    if (open) this.leaveTickets ??= this.follow()
    else {
      this.leaveTickets?.()
      this.leaveTickets = undefined
      board.clear()
    }
  }

  private follow(): () => void {
    const { client } = this
    board.begin((ticket, to) =>
      call(client, 'move_ticket', { order: ticket.id, version: ticket.version, to }, { forMs: 5_000 }),
    )
    return follow(client, `shop:${this.shop.id}`, {
      load: (signal) => call(client, 'list_tickets', {}, { signal }),
      loaded: ({ tickets }) => board.load(tickets),
      changed: (ticket) => board.take(ticket),
      failed: (error) => this.problem(error.message),
    })
  }

  private problem(text: string): void {
    write(byId('closed-problem'), text)
    board.notify(this.shop.open ? text : '')
  }
}

let kitchen: Kitchen | undefined

const connect = (token?: string): Client =>
  new RealtimeClient<typeof app>(`${location.origin.replace('http', 'ws')}/realtime`, token ? { token } : {})

/** Signs in with a token. @throws CallError when it opens no shop. */
async function signIn(token: string): Promise<void> {
  const client = connect(token)
  try {
    const { shop } = await call(client, 'list_tickets', {})
    localStorage.setItem(KEPT, token)
    kitchen = new Kitchen(client, shop)
  } catch (error) {
    void client.close()
    if ((error as CallError).code === 'UNAUTHORIZED') throw new CallError('UNAUTHORIZED', 'This token opens no shop.')
    throw error
  }
}

async function askToSignIn(): Promise<void> {
  byId('signing').hidden = false
  byId('controls').hidden = byId('closed').hidden = byId('board').hidden = byId('badge').hidden = true
  write(byId('title'), 'Kitchen')
  document.title = 'Kitchen'
  const select = byId<HTMLSelectElement>('shop')
  const suggest = (): void => {
    byId<HTMLInputElement>('token').value = `${select.value}-demo`
  }
  select.onchange = suggest
  if (select.options.length > 0) return
  // Nobody is signed in yet, so this client is nobody's.
  const client = connect()
  banner.watch(client)
  try {
    const shops = await call(client, 'list_shops', {}, { forMs: 60_000 })
    select.replaceChildren(...shops.map(({ id, name }) => new Option(name, id)))
    suggest()
  } catch (error) {
    write(byId('signing-problem'), (error as CallError).message)
  }
  banner.leave()
  void client.close()
}

byId('signing').onsubmit = (event) => {
  event.preventDefault()
  write(byId('signing-problem'), '')
  signIn(byId<HTMLInputElement>('token').value.trim()).then(
    () => byId(byId('closed').hidden ? 'close' : 'open').focus(),
    (error: CallError) => write(byId('signing-problem'), error.message),
  )
}
byId('leave').onclick = () => {
  localStorage.removeItem(KEPT)
  kitchen?.leave()
  kitchen = undefined
  void askToSignIn()
}
byId('open').onclick = () => void kitchen?.open(true)
byId('close').onclick = () => void kitchen?.open(false)

const kept = localStorage.getItem(KEPT)
if (kept) {
  signIn(kept).catch((error: CallError) => {
    write(byId('signing-problem'), error.message)
    void askToSignIn()
  })
} else void askToSignIn()
