import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { RealtimeServer } from '@org/realtime-server'
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

/** What a page or a worker does with the client: one message out, one back in, and what it knows of itself. */
const CONVERSATION = `
  const client = new Realtime.RealtimeClient(url)
  const room = client.channel('room:1', { since: 'start' })
  const heard = []
  const both = new Promise((resolve) => room.on('message', ({ data }) => heard.push(data) === 2 && resolve()))
  const { offset } = await room.publish({ from: name })
  await both
  await client.close()
  return { offset, heard, status: client.state.status }
`

let browser: Browser
let http: Server
let realtime: RealtimeServer
let page: Page

beforeAll(async () => {
  const script = await build({
    entryPoints: [fileURLToPath(new URL('../../../client/src/browser.ts', import.meta.url))],
    conditions: ['@org/source', 'browser'],
    bundle: true,
    format: 'iife',
    globalName: 'Realtime',
    target: 'es2020',
    platform: 'browser',
    write: false,
  })
  const bundle = script.outputFiles[0]?.text ?? ''
  const worker = `importScripts('/client.js')
    onmessage = async ({ data: { url, name } }) => postMessage(await (async () => {${CONVERSATION}})())`
  const files = new Map([
    ['/', ['text/html', '<!doctype html><title>client</title><script src="/client.js"></script>']],
    ['/client.js', ['text/javascript', bundle]],
    ['/worker.js', ['text/javascript', worker]],
  ] as const)
  http = createServer((request, response) => {
    const [type, body] = files.get(request.url as '/') ?? ['text/plain', '']
    response.setHeader('content-type', type).end(body)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
})

afterAll(async () => {
  await browser?.close()
  await realtime?.close()
  http?.closeAllConnections()
  http?.close()
})

beforeEach(async () => {
  await realtime?.close()
  realtime = new RealtimeServer()
  realtime.channel('room:{id}', { subscribe: true, publish: true })
  realtime.attach(http)
  await page?.close()
  page = await browser.newPage()
  await page.goto(address('http'))
})

test('a page with the script tag publishes and receives', async () => {
  await realtime.publish('room:1', { from: 'server' })
  const said = await page.evaluate(`(async (url, name) => {${CONVERSATION}})('${address('ws')}', 'page')`)
  expect(said).toEqual({ offset: 2, heard: [{ from: 'server' }, { from: 'page' }], status: 'closed' })
})

test('a worker publishes and receives', async () => {
  await realtime.publish('room:1', { from: 'server' })
  const said = await page.evaluate(
    (url) =>
      new Promise((resolve, reject) => {
        const worker = new Worker('/worker.js')
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(new Error(message))
        worker.postMessage({ url, name: 'worker' })
      }),
    address('ws'),
  )
  expect(said).toEqual({ offset: 2, heard: [{ from: 'server' }, { from: 'worker' }], status: 'closed' })
})

function address(scheme: 'http' | 'ws'): string {
  const { port } = http.address() as AddressInfo
  return scheme === 'http' ? `http://127.0.0.1:${port}/` : `ws://127.0.0.1:${port}/realtime`
}
