import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { SETTINGS, type DumpReply, type DumpRequest, type NodeSettings, type Ready } from './protocol.js'

/** A process is given this long to begin, on a machine that does other things as well. */
const START_MS = 20_000

/** A log as a server reads it. */
export type Dump = Exclude<DumpReply, { readonly error: string }>

/** What a server printed that nobody expected. */
export type Complaint = (text: string) => void

/** One server in a process of its own. */
export class NodeProcess {
  private asks = 0
  private readonly waiting = new Map<number, (reply: DumpReply) => void>()
  private readonly ended: Promise<unknown>

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    this.ended = once(child, 'exit')
    child.on('message', (reply: DumpReply) => {
      this.waiting.get(reply.ask)?.(reply)
      this.waiting.delete(reply.ask)
    })
    child.on('exit', () => {
      for (const [ask, settle] of this.waiting) settle({ ask, error: `${name} ended` })
      this.waiting.clear()
    })
  }

  /** Starts one, and resolves when it listens. */
  static async start(program: string, settings: NodeSettings, complain: Complaint): Promise<NodeProcess> {
    const env = { ...process.env, [SETTINGS]: JSON.stringify(settings) }
    const child = fork(program, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => complain(`${settings.name}: ${bytes.toString().trimEnd()}`))
    }
    const signal = AbortSignal.timeout(START_MS)
    const ready = once(child, 'message', { signal }) as Promise<[Ready]>
    const dead = once(child, 'exit', { signal }).then(() => Promise.reject(new Error(`${settings.name} did not start`)))
    const [{ port }] = await Promise.race([ready, dead])
    // Who loses the race is not asked any more.
    dead.catch(() => undefined)
    return new NodeProcess(settings.name, child, port)
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.isRunning) this.child.kill('SIGKILL')
    await this.ended
  }

  /** SIGTERM. Resolves when the process is gone; one that does not go in time is killed. */
  async end(withinMs = 10_000): Promise<void> {
    if (!this.isRunning) return
    this.child.kill('SIGTERM')
    const late = setTimeout(() => this.child.kill('SIGKILL'), withinMs)
    await this.ended
    clearTimeout(late)
  }

  /** SIGSTOP: it does nothing until `continue`, and its sockets stay open. */
  stop(): void {
    this.child.kill('SIGSTOP')
  }

  continue(): void {
    this.child.kill('SIGCONT')
  }

  /** Has the server read what the log of a channel holds. */
  async dump(channel: string): Promise<Dump> {
    const ask = ++this.asks
    const request: DumpRequest = { ask, channel }
    const reply = await new Promise<DumpReply>((resolve) => {
      this.waiting.set(ask, resolve)
      this.child.send(request)
    })
    if ('error' in reply) throw new Error(reply.error)
    return reply
  }
}
