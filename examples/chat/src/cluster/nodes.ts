import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { ENVIRONMENT, type FromNode, type NodeState, type ToNode } from './words.js'

/** Time that a killed server is away: long enough to see that nobody misses anything. */
const AWAY_MS = 4_000

interface Place {
  readonly name: string
  child: ChildProcess | undefined
  port: number | undefined
}

/** The servers of the demo. One that ends, however it ends, comes back after a while. */
export class Nodes {
  private readonly places: readonly Place[]
  private isOver = false

  constructor(
    private readonly program: string,
    private readonly redis: string,
    names: readonly string[],
  ) {
    this.places = names.map((name) => ({ name, child: undefined, port: undefined }))
  }

  /** Resolves when all of them listen. */
  async start(): Promise<void> {
    await Promise.all(this.places.map((place) => this.run(place)))
  }

  /** Ports of those that listen. */
  get ports(): readonly number[] {
    return this.places.flatMap(({ port }) => port ?? [])
  }

  /** SIGKILL: no goodbye to anybody. */
  kill(name: string): void {
    const place = this.places.find((place) => place.name === name)
    if (place?.port !== undefined) place.child?.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    this.isOver = true
    await Promise.all(
      this.places.map(async ({ child }) => {
        if (!child || child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }),
    )
  }

  private async run(place: Place): Promise<void> {
    const env = { ...process.env, [ENVIRONMENT.name]: place.name, [ENVIRONMENT.redis]: this.redis }
    const child = fork(this.program, { env })
    place.child = child
    child.on('exit', () => {
      place.port = undefined
      this.tell()
      if (!this.isOver) setTimeout(() => !this.isOver && void this.run(place), AWAY_MS)
    })
    await new Promise<void>((resolve) => {
      child.on('message', (word: FromNode) => {
        if ('kill' in word) return this.kill(word.kill)
        place.port = word.port
        this.tell()
        resolve()
      })
    })
  }

  /** One server tells everybody on all of them. */
  private tell(): void {
    const states = this.places.map(({ name, port }): NodeState => ({ name, isUp: port !== undefined }))
    const word: ToNode = { tell: states }
    const { child } = this.places.find(({ port }) => port !== undefined) ?? {}
    if (!this.isOver) child?.send(word)
  }
}
