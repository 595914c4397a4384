import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { healthChecks, RealtimeServer, type Backend } from '@org/realtime-server'
import { z } from 'zod'
import { chat } from './contract.js'

const DAY_MS = 24 * 60 * 60 * 1000
const visitor = z.object({ name: z.string().trim().max(40) })

/** Settings of a chat. */
export interface ChatOptions {
  /** Folder of the bundled page. */
  readonly page: URL
  /** Where the messages are kept. Default: in memory. */
  readonly backend?: Backend
  /** What this server is called, where there are several. Default: nothing. */
  readonly node?: string
}

/** Makes the chat: an HTTP server that serves the page, with a realtime server inside. */
export function createChat({ page, backend, node }: ChatOptions) {
  const realtime = new RealtimeServer(chat, {
    ...(backend && { backend }),
    // This chat believes everybody. An application checks a token or a cookie here.
    authenticate: ({ data }) => {
      const name = visitor.safeParse(data).data?.name
      return name
        ? { user: { id: name }, hello: `Welcome, ${name}! Only you can see this.` }
        : { user: null, hello: 'Welcome! You can read along. Choose a name to write. Only you can see this.' }
    },
  })
  realtime.channel('room:{room}', {
    subscribe: true,
    // The server decides who speaks and under which name; the page only asks.
    publish: ({ user, data: { text } }) =>
      user
        ? { data: { text, name: user.id, ...(node && { node }) } }
        : { refuse: 'The server wants to know your name first.' },
    log: { ageMs: DAY_MS },
    channelTtlMs: DAY_MS,
  })

  const file = (name: string, type: string) => ({ type, body: readFileSync(new URL(name, page)) })
  const files = new Map([
    ['/', file('index.html', 'text/html; charset=utf-8')],
    ['/page.js', file('page.js', 'text/javascript; charset=utf-8')],
    ['/style.css', file('style.css', 'text/css; charset=utf-8')],
  ])
  const health = healthChecks(realtime)
  const http = createServer((request, response) => {
    if (health(request, response)) return
    const found = files.get((request.url ?? '/').split('?', 1)[0] ?? '/')
    if (!found) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n')
    response.writeHead(200, {
      'content-type': found.type,
      'cache-control': 'no-cache',
      'content-security-policy':
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'x-content-type-options': 'nosniff',
    })
    response.end(found.body)
  })
  realtime.attach(http)
  return { http, realtime }
}
