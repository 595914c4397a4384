// `pnpm demo:check`: starts each demo as a newcomer would, opens its pages, stops it, and sees that nothing is left behind.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireHaproxy } from './lib/haproxy.mjs'
import { root } from './lib/pnpm.mjs'
import { requireRedis } from './lib/redis.mjs'

const DEADLINE_MS = 120_000

await check('chat', { pages: ['/'], signal: 'SIGTERM' })

await check('cluster', {
  // The same packages as a moment ago.
  args: ['--built'],
  env: { REDIS_SERVER_PATH: requireRedis(), HAPROXY_PATH: requireHaproxy() },
  pages: ['/', '/page.js'],
  signal: 'SIGINT',
})

const home = mkdtempSync(join(tmpdir(), 'realtime-demo-check-'))
let postgres
await check('order-push', {
  // The same packages as a moment ago.
  args: ['--built'],
  env: { POSTGRES_HOME: home, DATABASE_URL: '' },
  pages: ['/', '/shop', '/api/get_shop_info?shop=pizzeria'],
  running: () => {
    postgres = Number(readFileSync(join(home, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
    if (!isThere(postgres)) throw new Error(`Postgres, process ${postgres}, is not there`)
  },
  signal: 'SIGINT',
})
if (isThere(postgres)) throw new Error(`Postgres, process ${postgres}, is still there`)
rmSync(home, { recursive: true })

/** Starts a demo, opens its pages, stops it by a signal, and sees that it ended well. */
async function check(example, { args = [], env = {}, pages, running = () => {}, signal }) {
  const demo = spawn(process.execPath, ['scripts/demo.mjs', example, ...args], {
    cwd: root,
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => demo.once('exit', resolve))
  const late = setTimeout(() => demo.kill('SIGTERM'), DEADLINE_MS)
  try {
    const address = await readyAddress(demo.stdout)
    for (const path of pages) {
      const response = await fetch(address + path)
      const body = await response.text()
      if (!response.ok || body.length < 100) throw new Error(`${address}${path} shows nothing: ${response.status}`)
    }
    running()
    demo.kill(signal)
    const code = await ended
    if (code !== 0) throw new Error(`the demo ended with ${code}`)
    if (await fetch(address).then(Boolean, () => false)) throw new Error(`${address} still answers`)
    console.log(`The demo ${example} was ready at ${address}, showed its pages, and left nothing behind.`)
  } finally {
    clearTimeout(late)
    demo.kill('SIGTERM')
    await ended
  }
}

async function readyAddress(stdout) {
  let printed = ''
  for await (const chunk of stdout) {
    printed += chunk
    const [, address] = / is ready: (http:\/\/\S+)/.exec(printed) ?? []
    if (address) return address
  }
  throw new Error(`the demo ended before it was ready, or was not ready within ${DEADLINE_MS} ms`)
}

function isThere(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}
