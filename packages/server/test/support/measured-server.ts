import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'
import { within } from './http.js'

/** What a process weighs after its garbage is gone. */
export interface Weight {
  /** Resident memory, in bytes. */
  readonly rssBytes: number
  /** Links that the server counts. */
  readonly connections: number
}

/** The options of the server and what it does when it is told to, as source text: no state of the test is there. */
export interface MeasuredSource {
  readonly options: string
  /** Body of an async function of `realtime` and `argument`. */
  readonly act?: string
}

/** A realtime server in a process of its own, so that nothing but the server is weighed. Killed when the test ends. */
export class MeasuredServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    /** A socket of the file system that it serves as well. Its buffers in the kernel are small: 200 KiB or so. */
    readonly path: string,
  ) {}

  static async start({ options, act = '' }: MeasuredSource): Promise<MeasuredServer> {
    const folder = mkdtempSync(join(tmpdir(), 'realtime-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'server.cjs')
    const contents = SOURCE.replace('OPTIONS', () => options).replace('ACT', () => act)
    await build({
      stdin: { contents, resolveDir: fileURLToPath(new URL('../../src', import.meta.url)), loader: 'ts' },
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      conditions: ['@org/source'],
    })
    // The space for young objects grows with use and never shrinks: left alone, it would be most of what is weighed.
    const path = join(folder, 'socket')
    const child = spawn(process.execPath, ['--expose-gc', '--max-semi-space-size=1', file, path], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [port] = (await within('the start of the server', once(child, 'message'))) as [number]
    return new MeasuredServer(child, port, path)
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/realtime`
  }

  /** Weighs the process. */
  async weigh(): Promise<Weight> {
    return (await this.ask({ type: 'weigh' })) as Weight
  }

  /** Has the server do what it was given to do; gives what that returned. */
  async act(argument: unknown): Promise<unknown> {
    return this.ask({ type: 'act', argument })
  }

  private async ask(question: object): Promise<unknown> {
    const answer = once(this.child, 'message')
    this.child.send(question)
    const [value] = (await within('an answer of the server', answer, 20_000)) as [unknown]
    return value
  }
}

const SOURCE = `
  import { createServer } from 'node:http'
  import { memory, RealtimeServer } from './index.js'
  const realtime = new RealtimeServer(undefined, OPTIONS)
  realtime.channel('{name}', { subscribe: true, publish: true })
  const server = createServer()
  realtime.attach(server)
  const turn = () => new Promise((resolve) => setTimeout(resolve, 20))
  const act = async (argument) => { ACT }
  process.on('message', async (question) => {
    if (question.type === 'act') return process.send((await act(question.argument)) ?? null)
    for (let i = 0; i < 5; i++) {
      globalThis.gc()
      await turn()
    }
    process.send({ rssBytes: process.memoryUsage.rss(), connections: realtime.connections })
  })
  const local = createServer()
  realtime.attach(local)
  local.listen(process.argv[2])
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
`
