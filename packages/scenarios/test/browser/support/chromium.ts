import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { WebSocket } from 'ws'

/**
 * What the tests of a page's life run with. Playwright cannot show it: it keeps every page "visible", and its own flags
 * turn throttling and the back/forward cache off. These leave Chromium as people have it, but for one thing: the
 * throttling of timers to one a minute, which begins after five minutes out of sight, begins after one second.
 */
const FLAGS = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-first-run',
  '--disable-dev-shm-usage',
  '--intensive-wake-up-throttling-policy=force-enable',
  '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1',
]

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** A tab of a real browser. */
export interface Tab {
  /** Gives a command of the DevTools protocol. */
  send(method: string, params?: object): Promise<unknown>
  /** Value of an expression in the page. */
  evaluate<T>(expression: string): Promise<T>
  /** Brings the tab to the front, and so hides the others. */
  show(): Promise<unknown>
  /** Names of the events of the DevTools protocol so far. */
  readonly events: readonly string[]
}

/** Starts a Chromium and speaks with it directly. */
export async function launchChromium() {
  const folder = await mkdtemp(join(tmpdir(), 'realtime-chromium-'))
  // Chromium has no sandbox for root, and CI containers run as root.
  const flags = [...FLAGS, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), `--user-data-dir=${folder}`]
  const child = spawn(process.env['CHROMIUM_PATH'] ?? '', [...flags, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const socket = new WebSocket(await debuggerOf(child.stderr))
  await once(socket, 'open')

  const waiting = new Map<number, (answer: Answer) => void>()
  const told = new Map<string, string[]>()
  socket.on('message', (bytes: Buffer) => {
    const answer = JSON.parse(bytes.toString('utf8')) as Answer
    const { id, sessionId = '', method = '' } = answer
    if (id === undefined) told.get(sessionId)?.push(method)
    else waiting.get(id)?.(answer)
  })
  let count = 0
  const send = (method: string, params: object = {}, sessionId?: string) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ++count
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id)
        if (error) reject(new Error(`${method}: ${error.message}`))
        else resolve(result)
      })
      socket.send(JSON.stringify({ id, method, params, sessionId }))
    })

  return {
    /** Opens a page in a tab of its own, in front of the others. */
    async open(url: string): Promise<Tab> {
      const { targetId } = (await send('Target.createTarget', { url: 'about:blank' })) as { targetId: string }
      const attached = await send('Target.attachToTarget', { targetId, flatten: true })
      const { sessionId } = attached as { sessionId: string }
      const events: string[] = []
      told.set(sessionId, events)
      const tab: Tab = {
        events,
        send: (method, params) => send(method, params, sessionId),
        async evaluate<T>(expression: string) {
          const params = { expression, returnByValue: true, awaitPromise: true }
          const said = await send('Runtime.evaluate', params, sessionId)
          const { result, exceptionDetails } = said as { result: { value: T }; exceptionDetails?: object }
          if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
          return result.value
        },
        show: () => send('Target.activateTarget', { targetId }),
      }
      await tab.send('Page.enable')
      await tab.send('Page.navigate', { url })
      await tab.show()
      return tab
    },
    async close() {
      void send('Browser.close')
      const tooLong = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(tooLong)
      socket.terminate()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The address that a starting Chromium prints. */
function debuggerOf(stderr: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      const [, url] = /DevTools listening on (ws:\S+)/.exec(text) ?? []
      if (url) resolve(url)
    })
    stderr.on('end', () => reject(new Error(`Chromium did not start:\n${text}`)))
  })
}
