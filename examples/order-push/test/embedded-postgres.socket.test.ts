import { mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises'
import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../chat/test/support/until.js'
import { installedPrograms, startPostgres } from '../src/database/embedded-postgres.js'
import { bundle, type Bundle } from './support/bundle.js'
import { isThere, runProcess } from './support/process.js'

let bundled: Bundle
let home: string

beforeAll(async () => {
  bundled = await bundle(['src/server.ts'])
  home = await mkdtemp(join(tmpdir(), 'orders-home-'))
})

afterAll(async () => {
  await bundled?.remove()
  await rm(home, { recursive: true, force: true })
})

/** Starts the server as `pnpm demo:orders` does, with a Postgres of its own. */
async function start() {
  const server = runProcess(bundled.server('server'), { POSTGRES_HOME: home, DATABASE_URL: '', PORT: '0' })
  const address = await server.says(/is ready: (http:\S+)/)
  return { ...server, address, postgres: await postgresOf(home) }
}

/** The process id that Postgres wrote down. */
async function postgresOf(home: string): Promise<number> {
  return Number((await readFile(join(home, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0])
}

const sockets = () => readdirSync(tmpdir()).filter((name) => name.startsWith('orders-pg-'))

test('the server starts and stops a Postgres of its own, which is never root, and keeps the orders', async () => {
  const before = sockets()
  const first = await start()
  expect(isThere(first.postgres)).toBe(true)
  const { uid } = await stat(join(home, 'data', 'postmaster.pid'))
  if (process.getuid?.() === 0) expect(uid).not.toBe(0)
  else expect(uid).toBe(process.getuid?.())
  const opened = await fetch(`${first.address}/api/open_shop`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bakery-demo' },
    body: '{"open":true}',
  })
  expect(opened.status).toBe(200)
  expect(await first.end('SIGTERM')).toBe(0)
  expect(isThere(first.postgres)).toBe(false)
  expect(sockets()).toEqual(before)

  const second = await start()
  const shops = (await (await fetch(`${second.address}/api/list_shops`)).json()) as Array<{ id: string; open: boolean }>
  expect(shops.find(({ id }) => id === 'bakery')).toMatchObject({ open: true })
  expect(await second.end('SIGINT')).toBe(0)
  expect(isThere(second.postgres)).toBe(false)
})

test('a Postgres whose server was killed ends by itself, and the next server finds everything in order', async () => {
  const before = sockets()
  const first = await start()
  await first.end('SIGKILL')
  await until('the end of Postgres', () => !isThere(first.postgres))
  await until(
    'the end of its folder',
    () => sockets(),
    (now) => now.join() === before.join(),
  )
  const second = await start()
  expect(second.postgres).not.toBe(first.postgres)
  expect(await second.end('SIGTERM')).toBe(0)
})

test('a second server on the same folder says what is the matter, and leaves the first one alone', async () => {
  const first = await start()
  await expect(startPostgres({ home })).rejects.toThrow('Is the demo running already? Set DATABASE_URL')
  expect((await fetch(first.address)).status).toBe(200)
  expect(await first.end('SIGTERM')).toBe(0)
})

test('a database that cannot be reached is named, and the server ends', async () => {
  const server = runProcess(bundled.server('server'), { DATABASE_URL: 'postgresql://127.0.0.1:1/none', PORT: '0' })
  await server.says(/(The database at DATABASE_URL cannot be used: connect ECONNREFUSED)/)
  expect(await server.end('SIGCONT')).toBe(1)
})

test('programs in a folder that is closed to others, as the home of root is, run all the same', async () => {
  const { initdb, postgres } = await installedPrograms()
  const closed = await mkdtemp(join(tmpdir(), 'orders-closed-'))
  // The way to them goes through the closed folder, which is all that matters.
  await symlink(join(dirname(postgres), '..', '..'), join(closed, 'package'))
  const open = await mkdtemp(join(tmpdir(), 'orders-home-'))
  const inside = (program: string) => join(closed, 'package', 'native', 'bin', basename(program))
  const running = await startPostgres({
    home: open,
    programs: { initdb: inside(initdb), postgres: inside(postgres) },
  })
  expect(isThere(await postgresOf(open))).toBe(true)
  // Root's Postgres could not go through it, so it runs from a copy; everybody else's needs none.
  expect(existsSync(join(open, 'postgres', 'bin', 'postgres'))).toBe(process.getuid?.() === 0)
  await running.stop()
  for (const folder of [closed, open]) await rm(folder, { recursive: true })
})

test.runIf(process.getuid?.() === 0)('a home that Postgres cannot reach is named, with a way out', async () => {
  const closed = await mkdtemp(join(tmpdir(), 'orders-closed-'))
  await expect(startPostgres({ home: join(closed, 'home') })).rejects.toThrow(
    'It runs as nobody here: set POSTGRES_HOME to a folder that nobody can reach.',
  )
  await rm(closed, { recursive: true })
})
