import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createOrderPush } from './app.js'
import { openDatabase } from './database/database.js'
import { startPostgres } from './database/embedded-postgres.js'
import { initDb } from './database/migrations.js'

const report = (what: string, error: unknown): void => console.error(`${what}: ${String(error)}`)

/** What was started, in order. It is stopped the other way round. */
const started: Array<() => Promise<unknown> | undefined> = []

serve().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  void end(1)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(0))

async function serve(): Promise<void> {
  const given = process.env['DATABASE_URL'] || undefined
  const databaseUrl = given ?? (await startOwnPostgres())
  const db = openDatabase(databaseUrl)
  started.push(() => db.destroy())
  await initDb(db).catch((error: unknown) => {
    const place = given ? 'The database at DATABASE_URL' : 'The database'
    throw new Error(`${place} cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  })

  const app = createOrderPush({ pages: new URL('./page/', import.meta.url), db, databaseUrl, report })
  app.http.listen(Number(process.env['PORT'] ?? 3000), process.env['HOST'] ?? '127.0.0.1')
  await once(app.http, 'listening')
  started.push(() => app.close())
  app.relay.start()
  const address = `http://localhost:${(app.http.address() as AddressInfo).port}`
  console.log(`Order push is ready: ${address}\nThe shop's page is:   ${address}/shop`)
}

async function startOwnPostgres(): Promise<string> {
  const postgres = await startPostgres({ home: homeOfPostgres() })
  started.push(() => postgres.stop())
  return postgres.url
}

let ending = false

async function end(code: number): Promise<void> {
  if (ending) return
  ending = true
  for (const stop of started.reverse()) await stop()?.catch((error: unknown) => report('stopping failed', error))
  process.exit(code)
}

function homeOfPostgres(): string {
  const asked = process.env['POSTGRES_HOME']
  if (asked) return asked
  // For root, Postgres runs as another user, to whom a checkout may be closed.
  if (process.getuid?.() === 0) return '/var/lib/realtime-order-push'
  return fileURLToPath(new URL('../.postgres', import.meta.url))
}
