import { Migrator, sql, type Kysely, type Migration } from 'kysely'
import { addSampleData } from './sample-data.js'
import type { Schema } from './schema.js'

/**
 * What was ever done to the tables, in order of name. One that was released is never changed: what comes later is
 * another one.
 */
const MIGRATIONS: Record<string, Migration> = {
  '001_shops_and_orders': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('shops')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('tagline', 'text', (column) => column.notNull())
        .addColumn('token_hash', 'text', (column) => column.notNull().unique())
        .addColumn('open', 'boolean', (column) => column.notNull().defaultTo(false))
        .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
        .addColumn('last_number', 'integer', (column) => column.notNull().defaultTo(0))
        .execute()
      await db.schema
        .createTable('dishes')
        .addColumn('shop', 'text', (column) => column.notNull().references('shops.id'))
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('price_cents', 'integer', (column) => column.notNull().check(sql`price_cents > 0`))
        .addColumn('position', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('dishes_pkey', ['shop', 'id'])
        .execute()
      await db.schema
        .createTable('orders')
        .addColumn('id', 'uuid', (column) => column.primaryKey())
        .addColumn('shop', 'text', (column) => column.notNull().references('shops.id'))
        .addColumn('number', 'integer', (column) => column.notNull())
        .addColumn('customer', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('note', 'text', (column) => column.notNull())
        .addColumn('lines', 'jsonb', (column) => column.notNull())
        .addColumn('total_cents', 'integer', (column) => column.notNull())
        .addColumn('status', 'text', (column) =>
          column.notNull().check(sql`status in ('new', 'cooking', 'ready', 'collected')`),
        )
        .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
        .addColumn('placed_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        .addColumn('changed_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        // The database itself keeps a retried order one order.
        .addUniqueConstraint('orders_once', ['customer', 'key'])
        .addUniqueConstraint('orders_number', ['shop', 'number'])
        .execute()
      await db.schema
        .createIndex('orders_open')
        .on('orders')
        .columns(['shop', 'number'])
        .where(sql.ref('status'), '<>', 'collected')
        .execute()
    },
  },
  '002_outbox': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('outbox')
        .addColumn('id', 'bigserial', (column) => column.primaryKey())
        .addColumn('channel', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('data', 'jsonb', (column) => column.notNull())
        .addColumn('failure', 'text')
        .execute()
      // Whoever writes a row wakes the relay, in whichever process it is, at the moment of the commit.
      await sql`
        create function outbox_written() returns trigger language plpgsql as
        $$ begin perform pg_notify('outbox', ''); return null; end $$
      `.execute(db)
      await sql`
        create trigger outbox_written after insert on outbox
        for each statement execute function outbox_written()
      `.execute(db)
    },
  },
}

/**
 * Makes the tables, or brings them up to date, and adds the sample shops. Doing it again changes nothing, and of several
 * processes that do it at once one does it.
 *
 * @throws Error when the database cannot be reached, or holds migrations that this version does not know.
 */
export async function initDb(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error instanceof Error ? error : new Error(`The migration failed: ${JSON.stringify(error)}`)
  await addSampleData(db)
}
