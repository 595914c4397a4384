import { BackendFullError } from '../ports/index.js'
import type { Connection } from './connection.js'
import { LineError, WithheldError } from './errors.js'
import type { CallOptions } from './line.js'
import type { LineInstruments } from './line-instruments.js'
import type { LineParts, RedisSettings } from './settings.js'
import { judge } from './verdict.js'

/** Waits between tries, in milliseconds: 8, doubled up to 512, each with jitter. */
const BACK_OFF_MS = { least: 8, most: 512 }

/** Where commands go. */
export interface Routes {
  /** The connection to the master of a partition, if there is one at this moment. */
  now(partition: number): Connection | undefined
  /** The same, once it is there. Rejects when a dial for it failed. */
  soon(partition: number): Promise<Connection>
  /** A connection to the master at an address that Redis told. */
  at(address: string): Promise<Connection>
  /** Redis says where a partition is. */
  learn(partition: number, address: string): void
  /** It is not known any more who serves a partition. */
  doubt(): void
  /** This one is no master any more. */
  demoted(connection: Connection): void
  /** Loads our functions. */
  load(connection: Connection): Promise<void>
}

interface Job {
  readonly partition: number
  readonly name: string
  readonly args: readonly (string | number)[]
  readonly once: boolean
  /** See {@link CallOptions}. */
  readonly isWanted: (() => boolean) | undefined
  readonly sameHistory: boolean
  /** The history that served when it was made; absent: none did, or the slot is elsewhere now. */
  history: string | undefined
  isOver: boolean
  /** What went wrong last. */
  failure: unknown
}

/**
 * Has commands done: at the right master, again where Redis did not do them or may not have, until it is done, is refused, or
 * the time is over. How much may be under way is bounded; what is above it fails at once.
 */
export class Caller {
  /** Commands that are under way. */
  inFlight = 0
  private inFlightBytes = 0
  private closings = 0

  constructor(
    private readonly routes: Routes,
    private readonly settings: RedisSettings,
    private readonly parts: LineParts,
    private readonly instruments: LineInstruments,
  ) {}

  /** Runs a command of a partition. Rejects with a {@link LineError}, a `BackendFullError`, or what a function itself says. */
  run(
    partition: number,
    name: string,
    args: readonly (string | number)[],
    { once = false, sameHistory = false, isWanted, deadlineMs = this.settings.deadlineMs }: CallOptions = {},
  ): Promise<unknown> {
    const bytes = sizeOf(args)
    const { clock } = this.parts
    // One promise for all: there is a call for each publish.
    return new Promise((resolve, reject) => {
      this.admit(bytes)
      const began = clock.now()
      const history = sameHistory ? this.routes.now(partition)?.history : undefined
      const job: Job = {
        partition,
        name,
        args,
        once,
        isWanted,
        sameHistory,
        history,
        isOver: false,
        failure: undefined,
      }
      const timer = clock.setTimer(() => {
        job.isOver = true
        this.instruments.failures.add('deadline')
        reject(unavailable(`Redis did not do it within ${deadlineMs} ms`, job.failure))
      }, deadlineMs)
      const settle = (): void => {
        clock.clearTimer(timer)
        job.isOver = true
        this.inFlight -= 1
        this.inFlightBytes -= bytes
      }
      this.work(job).then(
        (answer) => {
          settle()
          this.instruments.took((clock.now() - began) / 1_000)
          resolve(answer)
        },
        (error: Error) => {
          settle()
          reject(error)
        },
      )
    })
  }

  /** Everything that is under way is not tried again. */
  close(): void {
    this.closings += 1
  }

  private admit(bytes: number): void {
    const { maxInFlight, maxInFlightBytes } = this.settings
    if (this.inFlight >= maxInFlight || this.inFlightBytes + bytes > maxInFlightBytes) {
      this.instruments.failures.add('in_flight')
      throw new LineError(
        'UNAVAILABLE',
        `${this.inFlight} commands of ${this.inFlightBytes} bytes wait for Redis, and no more may (maxInFlight, maxInFlightBytes)`,
      )
    }
    this.inFlight += 1
    this.inFlightBytes += bytes
    this.instruments.commands += 1
  }

  private async work(job: Job): Promise<unknown> {
    const { closings } = this
    let ask: string | undefined
    for (let failures = 0; ; failures++) {
      let sentTo: Connection | undefined
      try {
        const connection: Connection = ask
          ? await this.routes.at(ask)
          : (this.routes.now(job.partition) ?? (await this.routes.soon(job.partition)))
        if (job.isOver || closings !== this.closings) throw unavailable('the call is over', job.failure)
        check(job, connection)
        sentTo = connection
        return await (ask ? asking(connection, job) : connection.send(job.name, job.args))
      } catch (error) {
        job.failure = error
        if (job.isOver || closings !== this.closings) throw unavailable('the connection to Redis was closed', error)
        ask = await this.react(job, error, sentTo)
        // The first one who is told where it is goes there at once.
        if (!(failures === 0 && judge(error).kind === 'moved') && !ask) await this.backOff(failures)
        if (job.isOver || closings !== this.closings) throw unavailable('the connection to Redis was closed', error)
      }
    }
  }

  /** What an error asks for before the next try. Throws when there is none. @returns Where only the next try goes. */
  private async react(job: Job, error: unknown, sentTo: Connection | undefined): Promise<string | undefined> {
    if (error instanceof WithheldError || (error instanceof LineError && error.code === 'CONFIGURATION')) throw error
    const verdict = judge(error)
    this.instruments.retries.add(verdict.kind)
    switch (verdict.kind) {
      case 'moved':
        // A slot that migrates takes what it holds along; one whose master was replaced may not.
        job.history = undefined
        this.routes.learn(job.partition, verdict.address)
        return undefined
      case 'ask':
        job.history = undefined
        return verdict.address
      case 'again':
        this.routes.doubt()
        return undefined
      case 'readonly':
        if (sentTo) this.routes.demoted(sentTo)
        return undefined
      case 'unloaded':
        // What goes wrong here is found out by the next try.
        if (sentTo) await this.routes.load(sentTo).catch(() => undefined)
        return undefined
      case 'lost':
        if (job.once && sentTo)
          throw unavailable('the connection ended before Redis answered: it may have done it', error)
        this.routes.doubt()
        return undefined
      case 'full':
        throw new BackendFullError('Redis holds as much as its `maxmemory` allows')
      case 'unwilling':
        throw unavailable('Redis takes no writes now', error)
      case 'configuration':
        throw new LineError('CONFIGURATION', `Redis will not do it like this: ${textOf(error)}`, { cause: error })
      case 'failed':
        throw error
    }
  }

  private backOff(failures: number): Promise<void> {
    const most = Math.min(BACK_OFF_MS.most, BACK_OFF_MS.least * 2 ** Math.min(failures, 10))
    const delayMs = most * (0.5 + this.parts.random.fraction() / 2)
    return new Promise((resolve) => {
      this.parts.clock.setTimer(resolve, delayMs)
    })
  }
}

/** Throws when a call is not to be tried on a connection. */
function check({ sameHistory, history, isWanted }: Job, connection: Connection): void {
  if (!sameHistory || history === connection.history) return
  if (history !== undefined) throw new WithheldError('history')
  if (isWanted?.() === false) throw new WithheldError('unwanted')
}

/** ASKING counts for the one command that follows it; both leave in one turn. */
function asking(connection: Connection, { name, args }: Job): Promise<unknown> {
  connection.send('asking', []).catch(() => undefined)
  return connection.send(name, args)
}

function unavailable(what: string, cause: unknown): LineError {
  return new LineError('UNAVAILABLE', cause === undefined ? what : `${what} (${textOf(cause)})`, { cause })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** As a bound needs it: characters, not bytes, which are as many for nearly all of it. */
function sizeOf(args: readonly (string | number)[]): number {
  let size = 0
  for (const arg of args) size += typeof arg === 'string' ? arg.length : 8
  return size
}
