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
  import { RealtimeClient } from '@org/realtime-client'

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

  const client = new RealtimeClient(new URLSearchParams(location.search).get('url'))
  const room = client.channel('room:1', { since: 'start' })
  client.on('state', ({ status }) => status === seen.statuses.at(-1) || seen.statuses.push(status))
  room.on('message', ({ data }) => seen.heard.push({ n: data, at: now() }))
  room.on('gap', (gap) => seen.gaps.push(gap))
  Object.assign(globalThis, { seen, sleep, client, room })
`

/** A React component that listens to `room:1`, in StrictMode, in a page that keeps all frames. */
const REACT = `
  import { RealtimeClient } from '@org/realtime-client'
  import { createElement, StrictMode, useEffect } from 'react'
  import { createRoot } from 'react-dom/client'

  const seen = { sent: [], received: [], heard: [], effects: 0 }
  globalThis.WebSocket = class extends WebSocket {
    constructor(...address) {
      super(...address)
      this.addEventListener('message', ({ data }) => seen.received.push(JSON.parse(data)))
    }
    send(text) {
      seen.sent.push(JSON.parse(text))
      super.send(text)
    }
  }

  const client = new RealtimeClient(new URLSearchParams(location.search).get('url'))

  function Room({ name }) {
    useEffect(() => {
      seen.effects++
      return client.channel('room:1').on('message', ({ data }) => seen.heard.push(name + ' ' + data))
    }, [name])
    return createElement('p', null, name)
  }

  const root = createRoot(document.querySelector('main'))
  const show = (...names) => {
    const rooms = names.map((name) => createElement(Room, { key: name, name }))
    root.render(createElement(StrictMode, null, ...rooms))
  }
  Object.assign(globalThis, { seen, client, show })
`

/** What a page with React kept. */
export interface ReactSeen {
  /** Frames that were sent. */
  readonly sent: ReadonlyArray<{ readonly type: string }>
  /** Frames that came. */
  readonly received: ReadonlyArray<{ readonly type: string }>
  /** What the components heard: name and data. */
  readonly heard: readonly string[]
  /** How often effects ran. */
  readonly effects: number
}

/** Serves the pages, with the client built from its sources, and an empty one to go to. */
export async function pageServer(): Promise<Server> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const bundle = async (contents: string) => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: here },
      conditions: ['@org/source', 'browser'],
      bundle: true,
      format: 'iife',
      target: 'es2020',
      platform: 'browser',
      // StrictMode mounts twice in development only.
      define: { 'process.env.NODE_ENV': '"development"' },
      write: false,
    })
    return outputFiles[0]?.text ?? ''
  }
  const html = (script: string) =>
    ['text/html', `<!doctype html><main></main><script src="${script}"></script>`] as const
  const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
    '/': html('/diary.js'),
    '/diary.js': ['text/javascript', await bundle(DIARY)],
    '/react': html('/react.js'),
    '/react.js': ['text/javascript', await bundle(REACT)],
    '/elsewhere': ['text/html', '<!doctype html><title>elsewhere</title>'],
  }
  return createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    const [type, body] = files[path] ?? ['text/plain', '']
    response.setHeader('content-type', type).end(body)
  })
}
