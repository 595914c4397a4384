import { createServer, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** What a page saw, by the clock of the machine. */
export interface Seen {
  /** Numbers heard, in order, and when. */
  readonly heard: ReadonlyArray<{ readonly n: number; readonly at: number }>
  /** Statuses the client had, in order. */
  readonly statuses: readonly string[]
  /** Gaps it was told of. */
  readonly gaps: readonly unknown[]
  /** Events of the page's life. */
  readonly life: ReadonlyArray<{ readonly type: string; readonly at: number }>
  /** Types of the frames it sent. */
  readonly sent: readonly string[]
  /** Times of an interval of 100 ms. */
  readonly ticks: readonly number[]
}

/** A client that listens to `room:1`, in a page that keeps a diary. `sleep(ms)` moves its clock and tells nobody. */
const DIARY = `
  const now = Date.now.bind(Date)
  const seen = { heard: [], statuses: [], gaps: [], life: [], sent: [], ticks: [] }
  const live = ({ type, persisted }) => {
    const what = persisted ? 'persisted ' + type : type === 'visibilitychange' ? document.visibilityState : type
    seen.life.push({ type: what, at: now() })
  }
  for (const type of ['pageshow', 'pagehide', 'online', 'offline']) addEventListener(type, live)
  for (const type of ['visibilitychange', 'freeze', 'resume']) document.addEventListener(type, live)
  setInterval(() => seen.ticks.push(now()), 100)

  let slept = 0
  const sleep = (ms) => void (slept += ms)
  for (const clock of [performance, Date]) {
    const real = clock.now.bind(clock)
    clock.now = () => real() + slept
  }
  const send = WebSocket.prototype.send
  WebSocket.prototype.send = function (text) {
    seen.sent.push(JSON.parse(text).type)
    send.call(this, text)
  }

  const client = new Realtime.RealtimeClient(new URLSearchParams(location.search).get('url'))
  const room = client.channel('room:1', { since: 'start' })
  client.on('state', ({ status }) => status === seen.statuses.at(-1) || seen.statuses.push(status))
  room.on('message', ({ data }) => seen.heard.push({ n: data, at: now() }))
  room.on('gap', (gap) => seen.gaps.push(gap))
`

/** Serves the page with the client built from its sources, and an empty one to go to. */
export async function pageServer(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../../../client/src/browser.ts', import.meta.url))],
    conditions: ['@org/source', 'browser'],
    bundle: true,
    format: 'iife',
    globalName: 'Realtime',
    target: 'es2020',
    platform: 'browser',
    write: false,
  })
  const files = new Map([
    ['/', ['text/html', `<!doctype html><script src="/client.js"></script><script>${DIARY}</script>`]],
    ['/client.js', ['text/javascript', outputFiles[0]?.text ?? '']],
    ['/elsewhere', ['text/html', '<!doctype html><title>elsewhere</title>']],
  ] as const)
  return createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    const [type, body] = files.get(path as '/') ?? ['text/plain', '']
    response.setHeader('content-type', type).end(body)
  })
}
