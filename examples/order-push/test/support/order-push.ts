import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { RealtimeClient, type ClientOptions } from '@org/realtime-client'
import { memory, type ServerOptions } from '@org/realtime-server'
import { createOrderPush, type OrderPushOptions } from '../../src/app.js'
import type { app, Input, MethodName, Order, Output } from '../../src/contract.js'
import { openDatabase } from '../../src/database/database.js'
import { initDb } from '../../src/database/migrations.js'

/** A customer's token; another text is another customer. */
export const customerToken = (name: string): string => `customer-${name.padEnd(32, '0')}`

/** An order that a shop takes. */
export const pizza = (key: string, more: Partial<Input<'bill'>> = {}): Input<'bill'> => ({
  shop: 'pizzeria',
  key: key.padEnd(16, '-'),
  name: 'Ada',
  note: '',
  lines: [{ dish: 'margherita', count: 1 }],
  ...more,
})

/** Starts the application on a database. A second one on the same database is what a restarted process would be. */
export async function startOrderPush(
  databaseUrl: string,
  pages: URL,
  { port = 0, ...options }: Partial<Pick<OrderPushOptions, 'push' | 'realtime'>> & { readonly port?: number } = {},
) {
  const db = openDatabase(databaseUrl)
  await initDb(db)
  const reports: string[] = []
  const report = (what: string, error: unknown) => void reports.push(`${what}: ${String(error)}`)
  const running = createOrderPush({ pages, db, databaseUrl, report, ...options })
  running.http.listen(port, '127.0.0.1')
  await once(running.http, 'listening')
  running.relay.start()
  const url = `http://127.0.0.1:${(running.http.address() as AddressInfo).port}`
  const clients: Client[] = []

  const connect = (options: ClientOptions): Client => {
    const client: Client = new RealtimeClient<typeof app>(`${url.replace('http', 'ws')}/realtime`, options)
    clients.push(client)
    return client
  }
  const ask = (name: string, input: unknown, token?: string): Promise<Response> =>
    fetch(`${url}/api/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(input),
    })
  return {
    ...running,
    db,
    url,
    port: (running.http.address() as AddressInfo).port,
    reports,
    ask,
    /** Asks a function that has to answer. */
    async call<Name extends MethodName>(name: Name, input: unknown, token?: string): Promise<Output<Name>> {
      const response = await ask(name, input, token)
      const body: unknown = await response.json()
      if (!response.ok) throw new Error(`${name}: ${JSON.stringify(body)}`)
      return body as Output<Name>
    },
    /** A client of the realtime server, for whoever holds the token; closed with the application. */
    client: (token: string): Client => connect({ token }),
    /** A client of nobody. */
    anonymous: (): Client => connect({}),
    /** What a shop was sent, as the log has it. */
    async ticketsSent(shop = 'pizzeria'): Promise<Order[]> {
      const { publications } = await running.realtime.history(`shop:${shop}`)
      return publications.map(({ data }) => data)
    },
    async close(): Promise<void> {
      for (const client of clients) await client.close()
      await running.close()
      await db.destroy()
    },
  }
}

type Client = RealtimeClient<typeof app>
export type RunningOrderPush = Awaited<ReturnType<typeof startOrderPush>>

/** Settings of a realtime server whose time can be moved on. */
export function movableTime() {
  let ahead = 0
  const clock: NonNullable<ServerOptions['clock']> = {
    now: () => performance.now() + ahead,
    date: () => Date.now() + ahead,
    setTimer: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
    clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
    soon: (callback) => void setImmediate(callback),
  }
  return {
    realtime: { clock, backend: memory({ clock }) },
    advance: (ms: number) => void (ahead += ms),
  }
}
