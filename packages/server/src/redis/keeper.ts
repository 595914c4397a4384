import type { Timer } from '../ports/index.js'
import type { Connection } from './connection.js'
import { LineError } from './errors.js'
import type { LineParts, RedisSettings } from './settings.js'
import { explained } from './startup.js'

const BACK_OFF_MS = { least: 50, most: 3_000 }
/** Wait after Redis has refused us for good: somebody has to change something first. */
const REFUSED_MS = 5_000

/** What a keeper keeps, and whom it tells. */
export interface Kept {
  /** Makes a connection that was not dialled yet. */
  make(): Connection
  /** Gets a connection ready that was just opened. Rejects with what makes it useless. */
  prepare(connection: Connection): Promise<void>
  /** A connection is ready; not the first one, if `isAgain`. */
  up(connection: Connection, isAgain: boolean): void
  /** The connection ended, or could not be made. */
  down(error: Error): void
}

/**
 * Keeps a connection: dials, gets it ready, pings it, and when it ends or says nothing for too long, dials again, after a
 * back-off with jitter. Dials are numbered; what an earlier one still has to say is not heard.
 */
export class Keeper {
  /** The connection, while it is ready. */
  connection: Connection | undefined
  /** Why Redis refuses us until somebody changes something, if it does. */
  refusal: LineError | undefined
  private isRunning = false
  private attempt = 0
  private failures = 0
  private wasUp = false
  private dialled: Connection | undefined
  private timer: Timer
  private pinging: Timer
  private waiting = new Waiting()

  constructor(
    private readonly kept: Kept,
    private readonly settings: RedisSettings,
    private readonly parts: LineParts,
  ) {}

  /** Begins to keep a connection, if it does not already. */
  start(): void {
    if (this.isRunning) return
    this.isRunning = true
    this.dial()
  }

  /** The connection; when there is none, that of the next dial. Rejects when that fails. */
  whenUp(): Promise<Connection> {
    this.start()
    if (this.refusal) return Promise.reject(this.refusal)
    return this.connection ? Promise.resolve(this.connection) : this.waiting.promise
  }

  /** Gives up the present connection, if it is this one, and dials another. */
  giveUp(connection: Connection, error: Error): void {
    if (connection === this.dialled) this.ended(this.attempt, error)
  }

  /** Keeps nothing any more. What is under way rejects. */
  stop(): void {
    this.isRunning = false
    this.attempt += 1
    this.failures = 0
    this.wasUp = false
    this.refusal = undefined
    this.drop()
    this.waiting.fail(new LineError('UNAVAILABLE', 'the connection to Redis was closed'))
    this.waiting = new Waiting()
  }

  private dial(): void {
    const attempt = ++this.attempt
    const connection = this.kept.make()
    this.dialled = connection
    // A Redis that is suspended still accepts connections: the whole of it has a deadline.
    const { connectTimeoutMs } = this.settings
    this.timer = this.parts.clock.setTimer(
      () => this.ended(attempt, new Error(`no connection to Redis within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    )
    connection.onClose = (error) => this.ended(attempt, error)
    this.open(connection).then(
      () => this.opened(attempt, connection),
      (error: unknown) => this.ended(attempt, error),
    )
  }

  private async open(connection: Connection): Promise<void> {
    await connection.open()
    await this.kept.prepare(connection)
  }

  private opened(attempt: number, connection: Connection): void {
    if (attempt !== this.attempt) return
    this.parts.clock.clearTimer(this.timer)
    this.connection = connection
    this.failures = 0
    this.refusal = undefined
    const isAgain = this.wasUp
    this.wasUp = true
    this.ping(attempt, connection)
    this.kept.up(connection, isAgain)
    this.waiting.succeed(connection)
    this.waiting = new Waiting()
  }

  private ended(attempt: number, reason: unknown): void {
    if (attempt !== this.attempt) return
    const error = explained(reason)
    this.drop()
    // From here on whatever this dial still has to say is late.
    this.attempt += 1
    this.refusal = error instanceof LineError && error.code === 'CONFIGURATION' ? error : undefined
    this.timer = this.parts.clock.setTimer(() => this.dial(), this.refusal ? REFUSED_MS : this.backOffMs())
    this.failures += 1
    const { waiting } = this
    this.waiting = new Waiting()
    this.kept.down(error)
    waiting.fail(error)
  }

  private drop(): void {
    const { clock } = this.parts
    clock.clearTimer(this.timer)
    clock.clearTimer(this.pinging)
    this.connection = undefined
    this.dialled?.hangup()
    this.dialled = undefined
  }

  /** Answers come in order, so that a ping that is answered says that everything before it was. */
  private ping(attempt: number, connection: Connection): void {
    const { clock } = this.parts
    const { pingIntervalMs, commandTimeoutMs } = this.settings
    this.pinging = clock.setTimer(() => {
      this.pinging = clock.setTimer(
        () => this.ended(attempt, new Error(`Redis did not answer for ${commandTimeoutMs} ms`)),
        commandTimeoutMs,
      )
      const answered = (): void => {
        if (attempt !== this.attempt) return
        clock.clearTimer(this.pinging)
        this.ping(attempt, connection)
      }
      // A Redis that says no is there.
      connection.send('ping', []).then(answered, answered)
    }, pingIntervalMs)
  }

  private backOffMs(): number {
    const most = Math.min(BACK_OFF_MS.most, BACK_OFF_MS.least * 2 ** Math.min(this.failures, 10))
    return most * (0.5 + this.parts.random.fraction() / 2)
  }
}

/** What a dial will come to. */
class Waiting {
  succeed: (connection: Connection) => void = () => undefined
  fail: (error: Error) => void = () => undefined
  readonly promise = new Promise<Connection>((resolve, reject) => {
    this.succeed = resolve
    this.fail = reject
  })

  constructor() {
    // Nobody may be waiting.
    this.promise.catch(() => undefined)
  }
}
