import { spawnSync } from 'node:child_process'
import { findRedis } from '../../scripts/lib/redis.mjs'
import { startRedis, type RedisServer } from '../../scripts/lib/redis-servers.mjs'

/** Nothing is written to disk, for anybody: what a disk costs is no property of a contender. */
const SETTINGS = { save: '', appendonly: 'no' }

/** What a Redis used between two moments. */
export interface RedisUsed {
  /** Time on a CPU, user and system together, in microseconds. */
  readonly cpuMicros: number
  /** Calls of our functions. */
  readonly calls: number
}

/** A Redis of its own for one run, empty. */
export class MeasuredRedis {
  private begun: RedisUsed = { cpuMicros: 0, calls: 0 }

  private constructor(private readonly server: RedisServer) {}

  /** Starts it. Rejects with a sentence that says what to do when there is none. */
  static async start(): Promise<MeasuredRedis> {
    return new MeasuredRedis(await startRedis({ settings: SETTINGS }))
  }

  get url(): string {
    return this.server.url
  }

  stop(): Promise<void> {
    return this.server.stop()
  }

  /** Begins a window. */
  async begin(): Promise<void> {
    this.begun = await this.sinceStart()
  }

  /** What it used since the window began. */
  async used(): Promise<RedisUsed> {
    const { cpuMicros, calls } = await this.sinceStart()
    return { cpuMicros: cpuMicros - this.begun.cpuMicros, calls: calls - this.begun.calls }
  }

  private async sinceStart(): Promise<RedisUsed> {
    const info = String(await this.server.command('INFO', 'everything'))
    const seconds = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])
    const calls = Number(/^cmdstat_fcall:calls=(\d+)/m.exec(info)?.[1] ?? 0)
    return { cpuMicros: (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6, calls }
  }
}

/** Version and settings of the Redis that is measured with, if there is one. */
export function redisFacts(): Record<string, string> {
  const path = findRedis()
  const version = path === undefined ? undefined : / v=(\S+)/.exec(String(spawnSync(path, ['--version']).stdout))?.[1]
  const settings = Object.entries(SETTINGS).map(([name, value]) => `${name} ${value === '' ? '""' : value}`)
  return version === undefined ? {} : { redis: `${version}, ${settings.join(', ')}, else its defaults` }
}
