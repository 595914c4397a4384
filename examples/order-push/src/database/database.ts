import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Schema } from './schema.js'

/** The database, or one transaction in it. */
export type Database = Kysely<Schema>

/** Opens the database. Connects when it is first asked; {@link Kysely.destroy} lets go of it. */
export function openDatabase(url: string): Database {
  const pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5_000, query_timeout: 10_000 })
  // An idle connection that breaks is replaced by the pool. Without a listener it would end the process.
  pool.on('error', () => {})
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}
