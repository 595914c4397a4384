import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  ENDED,
  SETTINGS,
  type Answer,
  type Answers,
  type Asked,
  type NodeSettings,
  type Question,
  type Ran,
  type Ready,
} from './protocol.js'

/** A process is given this long to begin, on a machine that does other things as well. */
const START_MS = 20_000

/** What is told of servers. */
export interface Told {
  /** One printed what nobody expected. */
  complain(text: string): void
  /** One began to run the method for a call. */
  ran?(call: string): void
}

/** Why a server did not do what it was asked. */
export class NodeError extends Error {
  constructor(
    message: string,
    readonly code: string | undefined,
  ) {
    super(message)
  }
}

/** One server in a process of its own. */
export class NodeProcess {
  private asks = 0
  private readonly waiting = new Map<number, (reply: Answer) => void>()
  private readonly ended: Promise<unknown>

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    readonly port: number,
    told: Told,
  ) {
    this.ended = once(child, 'exit')
    child.on('message', (reply: Answer | Ran) => {
      if ('ran' in reply) return told.ran?.(reply.ran)
      this.waiting.get(reply.ask)?.(reply)
      this.waiting.delete(reply.ask)
    })
    child.on('exit', () => {
      for (const [ask, settle] of this.waiting) settle({ ask, error: `${name} ended`, code: ENDED })
      this.waiting.clear()
    })
  }

  /** Starts one, and resolves when it listens. */
  static async start(program: string, settings: NodeSettings, told: Told): Promise<NodeProcess> {
    const env = { ...process.env, [SETTINGS]: JSON.stringify(settings) }
    const child = fork(program, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => told.complain(`${settings.name}: ${bytes.toString().trimEnd()}`))
    }
    const signal = AbortSignal.timeout(START_MS)
    const ready = once(child, 'message', { signal }) as Promise<[Ready]>
    const dead = once(child, 'exit', { signal }).then(() => Promise.reject(new Error(`${settings.name} did not start`)))
    const [{ port }] = await Promise.race([ready, dead])
    // Who loses the race is not asked any more.
    dead.catch(() => undefined)
    return new NodeProcess(settings.name, child, port, told)
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** SIGKILL. Resolves when the process is gone: to whether that was what ended it. */
  async kill(): Promise<boolean> {
    if (this.isRunning) this.child.kill('SIGKILL')
    await this.ended
    return this.child.signalCode === 'SIGKILL'
  }

  /** SIGTERM. Resolves when the process is gone: to whether it ended in order. One that does not go in time is killed. */
  async end(withinMs = 10_000): Promise<boolean> {
    if (!this.isRunning) return false
    this.child.kill('SIGTERM')
    const late = setTimeout(() => this.child.kill('SIGKILL'), withinMs)
    await this.ended
    clearTimeout(late)
    return this.child.exitCode === 0
  }

  /** SIGSTOP: it does nothing until `continue`, and its sockets stay open. */
  stop(): void {
    this.child.kill('SIGSTOP')
  }

  continue(): void {
    this.child.kill('SIGCONT')
  }

  /** Asks the server something. @throws NodeError with the code that the server gave, or {@link ENDED}. */
  async ask<K extends keyof Answers>(kind: K, of: Asked[K]): Promise<Answers[K]> {
    const ask = ++this.asks
    const question: Question<K> = { ask, kind, of }
    const reply = await new Promise<Answer>((resolve) => {
      this.waiting.set(ask, resolve)
      this.child.send(question, (error) => error && resolve({ ask, error: error.message, code: ENDED }))
    })
    if ('error' in reply) throw new NodeError(reply.error, reply.code)
    return reply.value as Answers[K]
  }
}
