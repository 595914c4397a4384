import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { openDatabase } from '../../src/database/database.js'
import { startPostgres } from '../../src/database/embedded-postgres.js'

/** A Postgres for a file of tests, with as many empty databases as they want. Durability costs time and is not asked for. */
export async function testPostgres() {
  const home = await mkdtemp(join(tmpdir(), 'orders-test-'))
  const postgres = await startPostgres({ home, settings: ['fsync=off', 'synchronous_commit=off'] })
  const admin = openDatabase(postgres.url)
  let count = 0
  return {
    home,
    /** Address of a database that nobody used before. */
    async newDatabase(): Promise<string> {
      const name = `test_${++count}`
      await sql`create database ${sql.id(name)}`.execute(admin)
      return postgres.url.replace('@/postgres?', `@/${name}?`)
    },
    async stop(): Promise<void> {
      await admin.destroy()
      await postgres.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

export type TestPostgres = Awaited<ReturnType<typeof testPostgres>>
