import { createServer } from 'node:http'
import { RealtimeServer, type ServerOptions } from '@org/realtime-server'
import { app } from './contract.js'
import type { Database } from './database/database.js'
import { isApi, serveApi } from './http/api.js'
import { pageFiles } from './http/files.js'
import { serveMethods } from './methods.js'
import { Relay, type Push } from './outbox.js'
import { whoHolds, type Who } from './who.js'

/** Settings of the application. */
export interface OrderPushOptions {
  /** Folder of the built pages. */
  readonly pages: URL
  readonly db: Database
  /** Address of the same database. */
  readonly databaseUrl: string
  /** Further settings of the realtime server, such as its backend. Default: none; logs are in memory. */
  readonly realtime?: Omit<ServerOptions<Who>, 'authenticate'>
  /** Stands between the relay and the realtime server; for tests. Default: nothing does. */
  readonly push?: (push: Push) => Push
  /** Told what went wrong. */
  readonly report: (what: string, error: unknown) => void
}

/** Makes the application: an HTTP server with the pages, the functions, and a realtime server inside. */
export function createOrderPush({
  pages,
  db,
  databaseUrl,
  realtime: settings,
  push = (each) => each,
  report,
}: OrderPushOptions) {
  const realtime = new RealtimeServer<typeof app, Who>(app, {
    ...settings,
    authenticate: async ({ token }) => {
      // Somebody who has not signed in yet can see the shops.
      if (token === undefined) return { user: null }
      // A database that is down is no wrong token.
      const who = await whoHolds(db, token).catch((cause: unknown) => {
        throw Object.assign(new Error('the database does not answer', { cause }), { retryable: true })
      })
      return who ? { user: who } : null
    },
  })
  // Nobody publishes from a page: messages follow from what the database holds.
  realtime.channel('shops', { subscribe: true })
  realtime.channel('shop:{shop}', { subscribe: ({ user }, { shop }) => user?.kind === 'shop' && user.shop === shop })
  realtime.channel('customer:{customer}', {
    subscribe: ({ user }, { customer }) => user?.kind === 'customer' && user.id === customer,
  })

  serveMethods(realtime, { db, report })

  const relay = new Relay({
    db,
    url: databaseUrl,
    push: push((channel, data, options) => realtime.publish(channel, data, options)),
    report,
  })

  const serveFile = pageFiles(pages)
  const http = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (isApi(path)) void serveApi(request, response, { db, report })
    else serveFile(path, response)
  })
  realtime.attach(http)
  return {
    http,
    realtime,
    relay,
    /** Lets every page come back later, and finishes what is at hand. */
    async close(): Promise<void> {
      const closed = new Promise((resolve) => http.close(resolve))
      // First what publishes, then what it publishes to.
      await relay.stop()
      await realtime.close()
      http.closeAllConnections()
      await closed
    },
  }
}
