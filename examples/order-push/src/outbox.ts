import type { ChannelIn, MessageInput } from '@org/realtime-protocol'
import { RealtimeError } from '@org/realtime-server'
import pg from 'pg'
import type { app } from './contract.js'
import type { Database } from './database/database.js'

/** Hands a message to those who listen. The same key again takes effect once. */
export type Push = <Name extends ChannelIn<typeof app>>(
  channel: Name,
  data: MessageInput<typeof app, Name>,
  options: { readonly key: string },
) => Promise<unknown>

/** Settings of a relay. */
export interface RelayOptions {
  readonly db: Database
  /** Address of the database, for a connection of its own on which the database wakes it. */
  readonly url: string
  readonly push: Push
  /** Told what went wrong. */
  readonly report: (what: string, error: unknown) => void
}

/** Rows that are taken at once. */
const BATCH = 100
/** How often to look when nobody wakes us: an alarm can be missed while its connection is down. */
const LOOK_MS = 2_000
/** What the server says of a message that it will never take. */
const FOR_EVER = ['INVALID_CHANNEL', 'UNKNOWN_CHANNEL', 'INVALID_DATA', 'TOO_LARGE']
/** Any number, the same for every relay. */
const LOCK = 0x0bd3

/**
 * Pushes what was announced, in order, and removes it once it is stored. When it dies in between, the next one pushes it
 * again, and the key makes that one message.
 */
export class Relay {
  private readonly options: RelayOptions
  private alarm: pg.Client | undefined
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> | undefined
  private again = false
  private stopped = false

  constructor(options: RelayOptions) {
    this.options = options
  }

  /** Begins: first with what an earlier process left. */
  start(): void {
    this.timer = setInterval(() => {
      if (!this.alarm) this.listen()
      this.wake()
    }, LOOK_MS)
    this.listen()
    this.wake()
  }

  /** Looks for rows now. */
  wake(): void {
    if (this.stopped) return
    this.again = true
    this.running ??= this.run()
  }

  /** Ends, after the batch at hand. */
  async stop(): Promise<void> {
    this.stopped = true
    clearInterval(this.timer)
    await this.running
    await this.alarm?.end().catch(() => {})
  }

  private async run(): Promise<void> {
    try {
      while (this.again && !this.stopped) {
        this.again = false
        // A full batch means that there may be more.
        if ((await this.relay()) === BATCH) this.again = true
      }
    } catch (error) {
      // What was not pushed stays where it is, and the timer looks again.
      this.options.report('the outbox waits', error)
    }
    // At once, so that nobody who wakes us from now on is taken for heard.
    this.running = undefined
  }

  private relay(): Promise<number> {
    const { db, push, report } = this.options
    return db.transaction().execute(async (change) => {
      // One relay at a time, or two could push in another order than was written.
      const lock = await change
        .selectNoFrom((each) => each.fn<boolean>('pg_try_advisory_xact_lock', [each.val(LOCK)]).as('mine'))
        .executeTakeFirstOrThrow()
      if (!lock.mine) return 0
      const rows = await change
        .selectFrom('outbox')
        .selectAll()
        .where('failure', 'is', null)
        .orderBy('id')
        .limit(BATCH)
        .execute()
      const pushed: string[] = []
      let trouble: unknown
      for (const { id, channel, key, data } of rows) {
        try {
          // The server checks both against the contract.
          await push(channel as 'shops', data as never, { key })
          pushed.push(id)
        } catch (error) {
          if (!isForEver(error)) {
            trouble = error
            break
          }
          // It would hold up the others. It stays in the table for somebody to look at.
          report(`message ${key} to ${channel} cannot be pushed`, error)
          await change
            .updateTable('outbox')
            .set({ failure: String(error) })
            .where('id', '=', id)
            .execute()
        }
      }
      if (pushed.length > 0) await change.deleteFrom('outbox').where('id', 'in', pushed).execute()
      if (trouble) report('the outbox waits', trouble)
      return trouble ? 0 : rows.length
    })
  }

  /** Has the database tell us when a row was written, by whatever process. */
  private listen(): void {
    const alarm = new pg.Client({ connectionString: this.options.url, keepAlive: true })
    this.alarm = alarm
    const lost = (): void => {
      if (this.alarm === alarm) this.alarm = undefined
    }
    alarm.on('error', lost)
    alarm.on('end', lost)
    alarm.on('notification', () => this.wake())
    alarm
      .connect()
      .then(() => alarm.query('listen outbox'))
      .then(() => this.wake())
      .catch(lost)
  }
}

/** Whether the message itself is at fault, so that no later attempt can succeed. */
function isForEver(error: unknown): boolean {
  return error instanceof RealtimeError && FOR_EVER.includes(error.code)
}
