import { fork, type ChildProcess } from 'node:child_process'

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  readonly late: NodeJS.Timeout
}

/** What takes longer is stuck. */
const LIMIT_MS = 120_000

/** A process of its own that is asked to do things, one answer for each. */
export class Remote {
  private readonly waiting = new Map<number, Waiting>()
  private readonly ended: Promise<void>
  private lastId = 0

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (answer) => this.take(answer as Answer))
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        for (const { reject, late } of this.waiting.values()) {
          clearTimeout(late)
          reject(new Error(`the ${name} ended before it had answered, with ${signal ?? code ?? 'nothing'}`))
        }
        this.waiting.clear()
        resolve()
      })
    })
  }

  /** Starts a program with arguments of its own. */
  static start(name: string, program: string, args: readonly string[], execArgv: readonly string[] = []): Remote {
    const child = fork(program, args, { execArgv: [...execArgv], serialization: 'advanced' })
    return new Remote(name, child)
  }

  /** Has something done. Rejects with what went wrong there, or when the process ends first. */
  ask<Result = void>(task: string, argument?: unknown): Promise<Result> {
    const id = ++this.lastId
    return new Promise((resolve, reject) => {
      if (!this.child.connected) return reject(new Error(`the ${this.name} is gone; it was to do ${task}`))
      const late = setTimeout(() => this.take({ id, error: `${task} took longer than ${LIMIT_MS} ms` }), LIMIT_MS)
      this.waiting.set(id, { resolve: (result) => resolve(result as Result), reject, late })
      this.child.send({ id, task, argument })
    })
  }

  /** Ends the process, whatever it does. */
  async stop(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }

  private take({ id, result, error }: Answer): void {
    const waiting = this.waiting.get(id)
    this.waiting.delete(id)
    clearTimeout(waiting?.late)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(`${this.name}: ${error}`))
  }
}
