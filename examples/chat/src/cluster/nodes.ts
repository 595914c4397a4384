import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Announcer } from './announcer.js'
import type { Target } from './front.js'
import { ENVIRONMENT, type FromNode, type NodeState, type ToNode } from './words.js'

/** Time that a killed server is away: long enough to see that nobody misses anything. */
const AWAY_MS = 4_000

interface Place {
  readonly name: string
  child: ChildProcess | undefined
  /** Where it listens, and will again: a balancer knows it by this. 0 before it is first known. */
  port: number
  isUp: boolean
}

/** The servers of the demo. One that ends, however it ends, comes back after a while. */
export class Nodes {
  private readonly places: readonly Place[]
  private readonly announcer = new Announcer(() => this.tell())
  private isOver = false

  constructor(
    private readonly program: string,
    private readonly redis: string,
    names: readonly string[],
  ) {
    this.places = names.map((name) => ({ name, child: undefined, port: 0, isUp: false }))
  }

  /** Resolves when all of them listen. */
  async start(): Promise<void> {
    await Promise.all(this.places.map((place) => this.run(place)))
  }

  /** Ports of those that listen. */
  get ports(): readonly number[] {
    return this.places.filter(({ isUp }) => isUp).map(({ port }) => port)
  }

  /** All of them, whether they listen at the moment or not. */
  get targets(): readonly Target[] {
    return this.places.map(({ name, port }) => ({ name, port }))
  }

  /** SIGKILL: no goodbye to anybody. */
  kill(name: string): void {
    const place = this.places.find((place) => place.name === name)
    if (place?.isUp) place.child?.kill('SIGKILL')
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
    const env = {
      ...process.env,
      [ENVIRONMENT.name]: place.name,
      [ENVIRONMENT.redis]: this.redis,
      [ENVIRONMENT.port]: String(place.port),
    }
    const child = fork(this.program, { env })
    place.child = child
    child.on('exit', () => {
      place.isUp = false
      this.announcer.changed()
      if (!this.isOver) setTimeout(() => !this.isOver && void this.run(place), AWAY_MS)
    })
    await new Promise<void>((resolve) => {
      child.on('message', (word: FromNode) => {
        if ('kill' in word) return this.kill(word.kill)
        if ('told' in word) return
        place.port = word.port
        place.isUp = true
        this.announcer.changed()
        resolve()
      })
    })
  }

  /** One server tells everybody on all of them. Resolves when it has, or has ended. */
  private async tell(): Promise<void> {
    const states = this.places.map(({ name, isUp }): NodeState => ({ name, isUp }))
    const word: ToNode = { tell: states }
    const { child } = this.places.find(({ isUp }) => isUp) ?? {}
    if (!child || this.isOver) return
    await new Promise<void>((resolve) => {
      const heard = (said: FromNode) => 'told' in said && done()
      const done = () => {
        child.off('message', heard).off('exit', done)
        resolve()
      }
      child.on('message', heard).on('exit', done)
      child.send(word)
    })
  }
}
