import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { RealtimeClient } from '@org/realtime-client'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { requireRedis } from '../../../scripts/lib/redis.mjs'
import type { chat } from '../src/contract.js'
import { until } from './support/until.js'

const example = fileURLToPath(new URL('../', import.meta.url))

/** Bundles the demo of several servers from the sources of the packages. */
async function bundled(): Promise<string> {
  const cache = join(example, 'node_modules', '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'cluster-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await build({
    entryPoints: {
      cluster: join(example, 'src/cluster/main.ts'),
      'cluster-node': join(example, 'src/cluster/node.ts'),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@org/source'],
    external: ['bufferutil', 'utf-8-validate'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    outdir: folder,
    logLevel: 'error',
  })
  const page = ['page.ts', 'index.html', 'style.css'].map((name) => join(example, 'src/page', name))
  await build({
    entryPoints: page,
    bundle: true,
    format: 'esm',
    conditions: ['@org/source', 'browser'],
    loader: { '.html': 'copy' },
    outdir: join(folder, 'page'),
    logLevel: 'error',
  })
  return join(folder, 'cluster.js')
}

function run(program: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [program], { env: { ...process.env, PORT: '0', ...env } })
  const ended = once(child, 'exit') as Promise<[code: number | null]>
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (printed += bytes.toString()))
  return { child, ended, printed: () => printed }
}

test('the demo of two servers goes on when one is killed: messages come once, from both servers, and it comes back', async () => {
  const program = await bundled()
  const demo = run(program, { REDIS_SERVER_PATH: requireRedis() })
  const ready = /is ready: http(\S+)/
  await until(
    'the address',
    () => demo.printed(),
    (text) => ready.test(text),
  )
  const url = `ws${ready.exec(demo.printed())?.[1]}/realtime`
  const guests = ['Ada', 'Grace'].map((name) => {
    const client = new RealtimeClient<typeof chat>(url, { data: { name }, reconnect: { minMs: 50, baseMs: 100 } })
    onTestFinished(() => client.close())
    const room = client.channel('room:lobby')
    const heard: string[] = []
    const gaps: unknown[] = []
    room.on('message', ({ data }) => heard.push(`${data.name} by ${data.node}: ${data.text}`))
    room.on('gap', (gap) => gaps.push(gap))
    const states: string[] = []
    client.channel('cluster').on('message', ({ data }) => {
      states.push(data.nodes.map(({ name, isUp }) => `${name}${isUp ? '+' : '-'}`).join(' '))
    })
    return { client, room, heard, gaps, states }
  })
  const [ada, grace] = guests
  if (!ada || !grace) throw new Error('there is nobody')
  for (const { room } of guests) await room.ready()
  // One after the other, so each has a server of its own.
  const here = await Promise.all(guests.map(({ client }) => client.call('cluster.here')))
  expect(here.map(({ node }) => node).sort()).toEqual(['A', 'B'])
  const [{ node: first } = { node: '' }, { node: other } = { node: '' }] = here

  await ada.room.publish({ text: 'before' })
  ada.client.call('cluster.kill', { node: first }).catch(() => undefined)
  await until('both hear that it is gone', () => guests.every(({ states }) => states.at(-1)?.includes('-')))
  await Promise.all(guests.map(({ room }) => room.publish({ text: 'after' })))
  await until('both hear that it is back', () => guests.every(({ states }) => states.at(-1) === 'A+ B+'))
  for (const { heard, gaps } of guests) {
    await until('all messages', () => heard.length >= 3)
    expect(heard[0]).toBe(`Ada by ${first}: before`)
    expect([...heard].sort()).toEqual(
      [`Ada by ${first}: before`, `Ada by ${other}: after`, `Grace by ${other}: after`].sort(),
    )
    expect(gaps).toEqual([])
  }
  demo.child.kill('SIGINT')
  expect(await demo.ended).toEqual([0, null])
}, 60_000)

test('without a redis-server the demo of two servers says what to install', async () => {
  const program = await bundled()
  const demo = run(program, { REDIS_SERVER_PATH: '/no/such/redis-server' })
  expect(await demo.ended).toEqual([1, null])
  expect(demo.printed()).toContain('apt-get install redis-server')
})
