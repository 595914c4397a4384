import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { pages, root, typeScriptIn, type Block } from './pages.js'

/** What a block without a name finds around it. */
const AROUND = `
import { GapError, RealtimeClient, RealtimeError, type Channel } from '@org/realtime-client'
import { contract, memory, RealtimeServer } from '@org/realtime-server'
declare const realtime: RealtimeServer
declare const client: RealtimeClient
declare const room: Channel<{ text: string }, { text: string }>
declare const signal: AbortSignal
declare function show(...values: readonly unknown[]): void
declare function mayRead(user: { id: string } | null, roomId: string): boolean
declare function mayWrite(user: { id: string } | null, roomId: string): boolean
`

/** As in the tests of the workspace: packages resolve to their sources. */
const CONDITIONS = ['@org/source', 'module', 'node', 'development|production']

interface TestReport {
  readonly testResults: ReadonlyArray<{
    readonly assertionResults: ReadonlyArray<{ readonly title: string; readonly status: string }>
  }>
}

// Inside a package, so that what the pages import is found.
const scratch = join(root, 'packages/scenarios/.tsc')
mkdirSync(scratch, { recursive: true })
const folder = mkdtempSync(join(scratch, 'pages-'))
const processes: ChildProcess[] = []

afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('all TypeScript on the pages compiles', () => {
  const files = new Map<string, Block>()
  for (const page of pages()) {
    for (const [i, block] of typeScriptIn(page).entries()) {
      const { name = `block-${i + 1}.ts`, code } = block
      const text = block.name ? code : `${AROUND}export async function example() {\n${code}}\n`
      files.set(written(page, name, text), block)
    }
  }
  expect(files.size).toBeGreaterThan(10)

  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, 'tsconfig.tests.json'), (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
    undefined,
    join(root, 'tsconfig.tests.json'),
  )
  const program = ts.createProgram([...files.keys()], options)
  const problems = [...files].flatMap(([path, { page, name }]) => {
    const source = program.getSourceFile(path)
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return found.map(({ messageText, start, file }) => {
      const line = file?.text.slice(0, start).split('\n').at(-1)
      return `${page}, ${name ?? line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
  })
  expect(problems).toEqual([])
}, 60_000)

describe('README.md', () => {
  test('its client gets from its server what it published', async () => {
    const program = await bundled('README.md')
    const server = run(program('server.ts'))
    await server.says('listening')
    const client = run(program('client.ts'))
    await client.says('stored at 1')
    await client.says("1 { text: 'hello' }")
  })
})

describe('docs/guide/getting-started.md', () => {
  test('its client and server say what the page says, also when the server is killed', async () => {
    const program = await bundled('docs/guide/getting-started.md')
    const server = run(program('server.ts'))
    await server.says('listening')
    const client = run(program('client.ts'))
    const lines = ['server: the server is up', 'grace: hello', 'stored at 2', 'REFUSED: Only Ada announces.']
    for (const line of lines) await client.says(line)

    server.child.kill('SIGKILL')
    await once(server.child, 'exit')
    await run(program('server.ts')).says('listening')
    await client.says('gap: epoch 2..1')
  })
})

describe('docs/guide/presence.md', () => {
  test('its member is refused, comes, is killed, and goes after the grace, as the page says', async () => {
    const program = await bundled('docs/guide/presence.md')
    const server = run(program('server.ts'))
    await server.says('listening')
    const watcher = run(program('watcher.ts'))
    await watcher.says('0: ')
    const member = run(program('member.ts'))
    await member.says("[ { name: 'Ada', typing: false } ]")
    await watcher.says('1: ada')
    expect(member.output().split('\n')[0]).toBe('FORBIDDEN')
    expect(await (await fetch(`http://localhost:${program.port}/`)).text()).toBe('1\n')

    const killedAt = performance.now()
    member.child.kill('SIGKILL')
    await watcher.says('ada went')
    expect(performance.now() - killedAt).toBeGreaterThan(2_900)
    expect(watcher.output().trim().split('\n')).toEqual(['0: ', 'ada came as Ada', '1: ada', 'ada went', '0:'])
  })
})

describe('docs/guide/calls.md', () => {
  test('its client and server call each other, and say what the page says', async () => {
    const program = await bundled('docs/guide/calls.md')
    const server = run(program('server.ts'))
    await server.says('listening')
    const client = run(program('client.ts'))
    await client.says('TAKEN: seat 1A is taken')
    const lines = ["[ '1A', '1B', '2A' ]", 'Seat 1A?', '{ booking: 1 }', 'TAKEN: seat 1A is taken']
    expect(client.output().trim().split('\n')).toEqual(lines)
  })
})

describe('docs/guide/frameworks.md', () => {
  test.each(['plain-http.ts', 'with-express.ts', 'with-fastify.ts', 'with-hono.ts'])(
    '%s serves its routes and its rooms on one port, and ends when it is told to',
    async (name) => {
      const program = await bundled('docs/guide/frameworks.md')
      const server = run(program(name))
      await server.says('listening')
      const client = run(program('client.ts'))
      await client.says('subscribed')

      const post = (path: string, body: object) =>
        fetch(`http://localhost:${program.port}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      const stored = await post('/rooms/42', { text: `hello from ${name}` })
      expect([stored.status, await stored.json()]).toEqual([201, { offset: 1 }])
      await client.says(`hello from ${name}`)

      expect((await post('/rooms/42', { text: 'x'.repeat(2_001) })).ok).toBe(false)
      expect((await post('/elsewhere', {})).status).toBe(404)
      const again = await post('/rooms/42', { text: 'still here' })
      expect(await again.json()).toEqual({ offset: 2 })
      await client.says('still here')

      server.child.kill('SIGTERM')
      const [code] = (await once(server.child, 'exit')) as [number | null]
      expect(code).toBe(0)
    },
  )
})

describe('docs/guide/operating.md', () => {
  test('its server is ready until it is told to stop, and a second signal ends the waiting', async () => {
    const program = await bundled('docs/guide/operating.md')
    const server = run(program('operated-server.ts'))
    await server.says('listening')
    const ready = async () => (await fetch(`http://127.0.0.1:${program.port}/readyz`)).status
    expect(await ready()).toBe(200)
    server.child.kill('SIGTERM')
    await server.says('SIGTERM: stopping')
    expect(await ready()).toBe(503)
    server.child.kill('SIGINT')
    await once(server.child, 'exit')
    expect(server.output()).toContain('SIGINT: stopping')
  })
})

describe('docs/guide/scaling-out.md', () => {
  test('its server answers what the balancers ask, says why Redis cannot be reached, and ends when it is told to', async () => {
    const program = await bundled('docs/guide/scaling-out.md')
    const away = await freePort()
    const env = { REDIS_URL: `redis://127.0.0.1:${away}` }
    const { says, output, child } = run(program('scaled-server.ts'), env)
    await says('listening')
    expect((await fetch(`http://127.0.0.1:${program.port}/readyz`)).status).toBe(200)
    expect((await fetch(`http://127.0.0.1:${program.port}/elsewhere`)).status).toBe(404)
    await vi.waitFor(() => expect(output()).toContain(`ECONNREFUSED 127.0.0.1:${away}`), 5_000)
    child.kill('SIGTERM')
    await vi.waitFor(async () => {
      expect((await fetch(`http://127.0.0.1:${program.port}/readyz`)).status).toBe(503)
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    expect(code).toBe(0)
  })
})

describe('docs/guide/channels.md', () => {
  test('its modes do what the page says, and no more', async () => {
    const program = await bundled('docs/guide/channels.md')
    const { says, output } = run(program('modes.ts'))
    const lines = [
      'price 3 { cents: 290 }',
      'while away: your order is ready',
      'cursor 0 { x: 10, y: 20 }',
      '@ somebody else has it',
      'UNSUPPORTED an ephemeral channel takes send(), which is not retried',
    ]
    for (const line of lines) await says(line)
    expect(output().trim().split('\n').sort()).toEqual([...lines].sort())
  })

  test('its page shows the state there is, and the changes that follow', async () => {
    const program = await bundled('docs/guide/channels.md')
    const { says, output } = run(program('state.ts'))
    for (const line of ['shown: 1', 'order 7 accepted', 'order 7 ready']) await says(line)
    expect(output().trim().split('\n')).toEqual(['shown: 1', 'order 7 accepted', 'order 7 ready'])
  })
})

describe('docs/guide/testing.md', () => {
  test('its tests pass, each of them', async () => {
    const page = 'docs/guide/testing.md'
    const blocks = typeScriptIn(page).filter(({ name }) => name !== undefined)
    const files = blocks.map(({ name = '', code }) => written(`test ${page}`, name, code))
    const here = dirname(files[0] ?? '')
    const config = { resolve: { conditions: CONDITIONS }, ssr: { resolve: { conditions: CONDITIONS } } }
    writeFileSync(join(here, 'vitest.config.mjs'), `export default ${JSON.stringify(config)}\n`)
    const report = join(here, 'report.json')
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const args = [vitest, 'run', '--root', here, '--reporter', 'json', '--outputFile', report]
    const child = spawn(process.execPath, args, { stdio: 'ignore' })
    processes.push(child)
    await once(child, 'exit')
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as TestReport
    const ran = testResults.flatMap(({ assertionResults }) => assertionResults)
    expect(ran.filter(({ status }) => status !== 'passed')).toEqual([])
    // Those of the suite come on top of those that stand on the page.
    const names = ran.map(({ title }) => title)
    const onPage = blocks.flatMap(({ code }) => [...code.matchAll(/^test\('(.*)'/gm)].map(([, title]) => title))
    expect(names).toEqual(expect.arrayContaining(onPage))
    expect(testResults).toHaveLength(blocks.filter(({ name }) => name?.endsWith('.test.ts')).length)
    expect(ran.length).toBeGreaterThan(onPage.length + 40)
  }, 60_000)
})

/** Bundles the named blocks of a page, for a port of their own; gives the path of each program. */
async function bundled(page: string): Promise<{ (name: string): string; readonly port: string }> {
  const port = String(await freePort())
  const blocks = typeScriptIn(page).filter(({ name }) => name !== undefined)
  const entryPoints = blocks.map(({ name = '', code }) => written(`run ${page}`, name, code.replaceAll('3000', port)))
  const outdir = join(folder, page.replaceAll('/', '-'))
  await build({
    entryPoints,
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@org/source'],
    external: ['ws', 'ioredis', 'prom-client', 'express', 'fastify', 'hono', '@hono/node-server'],
    logLevel: 'error',
  })
  return Object.assign((name: string) => join(outdir, name.replace(/\.ts$/, '.mjs')), { port })
}

function run(program: string, env: NodeJS.ProcessEnv = {}) {
  let text = ''
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  processes.push(child)
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)))
  const output = () => text
  const says = (line: string) =>
    vi.waitFor(() => expect(text.split('\n')).toContain(line), { timeout: 15_000, interval: 20 })
  return { child, output, says }
}

function written(page: string, name: string, text: string): string {
  const inFolder = join(folder, page.replace(/\W+/g, '-'))
  mkdirSync(inFolder, { recursive: true })
  const path = join(inFolder, name)
  writeFileSync(path, text)
  return path
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
