import { RealtimeClient } from '@org/realtime-client'
import type { app, Shop } from '../contract.js'
import { Banner } from './banner.js'
import { Board } from './board.js'
import { call, type CallError } from './call.js'
import { byId, write } from './dom.js'
import { follow, type Client } from './follow.js'
import { drawOpen } from './shops-view.js'

const KEPT = 'shop-token'
const banner = new Banner()
const board = new Board()

/** Somebody signed in: a client, the shop as we know it, and the tickets while it is open. */
class Kitchen {
  private readonly client: Client
  private leaveTickets: (() => void) | undefined

  constructor(
    private readonly token: string,
    private shop: Shop,
  ) {
    this.client = new RealtimeClient<typeof app>(`${location.origin.replace('http', 'ws')}/realtime`, { token })
    banner.watch(this.client)
    // Another screen of the same shop can open and close it, too.
    follow(this.client, 'shops', {
      load: async (signal) => (await call('list_tickets', {}, { token, signal })).shop,
      loaded: (shop) => this.take(shop),
      changed: (shop) => this.take(shop),
      failed: (error) => this.problem(error.message),
    })
    this.draw()
  }

  async open(open: boolean): Promise<void> {
    this.problem('')
    try {
      this.take(await call('open_shop', { open }, { token: this.token }))
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
    const { token } = this
    board.begin((ticket, to) =>
      call('move_ticket', { order: ticket.id, version: ticket.version, to }, { token, retryForMs: 5_000 }),
    )
    return follow(this.client, `shop:${this.shop.id}`, {
      load: (signal) => call('list_tickets', {}, { token, signal }),
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

/** Signs in with a token. @throws CallError when it opens no shop. */
async function signIn(token: string): Promise<void> {
  const { shop } = await call('list_tickets', {}, { token })
  localStorage.setItem(KEPT, token)
  kitchen = new Kitchen(token, shop)
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
  try {
    const shops = await call('list_shops', {}, { token: '', retryForMs: 60_000 })
    select.replaceChildren(...shops.map(({ id, name }) => new Option(name, id)))
    suggest()
  } catch (error) {
    write(byId('signing-problem'), (error as CallError).message)
  }
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
