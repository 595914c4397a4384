import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import { FaultProxy } from '../fault-proxy/index.js'

/** Time a copy, or a failover, may take. */
const PATIENCE_MS = 15_000

// Written to the file before a command is answered: what a process wrote survives its SIGKILL, with or without a sync.
// A replica that hears nothing dials again soon: 60 s, which is the default, are too long for a round.
const SETTINGS = { appendonly: 'yes', appendfsync: 'no', 'repl-ping-replica-period': 1, 'repl-timeout': 4 }

/** A Redis master and its replica, with a proxy on the link between them. Servers reach the master by proxies of their own. */
export class RedisPair {
  private constructor(
    private master: RedisServer,
    private replica: RedisServer,
    /** The replication link. */
    readonly replication: FaultProxy,
    /** The way of each server to Redis: "the address", which follows the master. */
    readonly ways: readonly FaultProxy[],
  ) {}

  static async start(ways: number): Promise<RedisPair> {
    const [master, replica] = await Promise.all([
      startRedis({ settings: SETTINGS }),
      startRedis({ settings: SETTINGS }),
    ])
    const replication = await FaultProxy.listen(master.port)
    const proxies = await Promise.all(Array.from({ length: ways }, () => FaultProxy.listen(master.port)))
    const pair = new RedisPair(master, replica, replication, proxies)
    await pair.copy()
    return pair
  }

  /** Sends one command to the master. */
  command(...args: readonly (string | number)[]): Promise<unknown> {
    return this.master.command(...args)
  }

  /** The address of the master, with nothing in between. */
  get url(): string {
    return this.master.url
  }

  /** Which process of Redis is the master: each has a name of its own. */
  async process(): Promise<string> {
    return /run_id:(\w+)/.exec(String(await this.command('INFO', 'server')))?.[1] ?? ''
  }

  /** How often the master was given a command. */
  async calls(command: string): Promise<number> {
    const line = String(await this.command('INFO', 'commandstats'))
      .split('\r\n')
      .find((found) => found.startsWith(`cmdstat_${command}:`))
    return Number(/calls=(\d+)/.exec(line ?? '')?.[1] ?? 0)
  }

  /** How many libraries of functions the master has. */
  async libraries(): Promise<number> {
    return ((await this.command('FUNCTION', 'LIST')) as unknown[]).length
  }

  /** Names of the keys that a pattern fits. */
  async keys(pattern: string): Promise<readonly string[]> {
    return (await this.command('KEYS', pattern)) as string[]
  }

  /** The master dies and comes back with what its file holds: everything. */
  async crash(downMs: number): Promise<void> {
    await this.master.kill()
    await sleep(downMs)
    await this.master.start()
    await this.copied()
  }

  /** The master dies, and its file goes with it. */
  async lose(downMs: number): Promise<void> {
    await this.master.stop()
    await sleep(downMs)
    await this.master.start()
    await this.copied()
  }

  /** The master does nothing for a while. @returns whether it said nothing either. */
  async freeze(ms: number): Promise<boolean> {
    this.master.pause()
    let isSilent = true
    const answer = this.command('PING').catch(() => undefined)
    void answer.then(() => (isSilent = false))
    await sleep(ms)
    const wasSilent = isSilent
    this.master.resume()
    return wasSilent
  }

  /** The replica takes over in order, with everything. */
  async failOver(): Promise<void> {
    await this.copied()
    const { master, replica } = this
    await master.command('FAILOVER', 'TO', '127.0.0.1', replica.port)
    await until('the failover', async () => (await role(replica)) === 'master')
    this.exchange()
    await until('the old master to follow', async () => (await role(master)) === 'slave')
    await this.copy()
  }

  /** The replica no longer hears of what the master stores. */
  lag(): void {
    this.replication.change({ held: true })
  }

  /** How much of what the master has said the replica has not taken in, in bytes. */
  async behindBytes(): Promise<number> {
    const taken = await offset(this.replica, 'slave_repl_offset')
    return (await offset(this.master, 'master_repl_offset')) - taken
  }

  /** Resolves when the replica has dialled so often in all. */
  dialled(times: number): Promise<void> {
    return until('the replica to dial again', async () => this.replication.accepted >= times)
  }

  /** The replica takes over with what it has, which is looked at before anybody is led to it. */
  async promote<T>(look: (url: string) => Promise<T>): Promise<T> {
    await this.replica.command('REPLICAOF', 'NO', 'ONE')
    return look(this.replica.url)
  }

  /** Leads some servers to the promoted replica; until `rejoin`, the old master goes on for whoever still talks to it. */
  lead(ways: readonly FaultProxy[]): void {
    for (const way of ways) {
      way.switchTo(this.replica.port)
      way.reset()
    }
  }

  /** The old master dies. What it held is looked at in its file, before it comes back as an empty replica of the new one. */
  async rejoin<T>(look: (url: string) => Promise<T>): Promise<T> {
    await this.master.kill()
    this.exchange()
    await this.replica.start()
    const held = await look(this.replica.url)
    await this.replica.stop()
    this.replication.reset()
    this.replication.clear()
    await this.replica.start()
    await this.copy()
    return held
  }

  async close(): Promise<void> {
    await Promise.all([this.replication, ...this.ways].map((proxy) => proxy.close()))
    await Promise.all([this.master.stop(), this.replica.stop()])
  }

  /** From now on the replica is the master, and all ways lead to it. */
  private exchange(): void {
    ;[this.master, this.replica] = [this.replica, this.master]
    this.replication.switchTo(this.master.port)
    for (const way of this.ways) {
      way.switchTo(this.master.port)
      way.reset()
    }
  }

  private async copy(): Promise<void> {
    await this.replica.command('REPLICAOF', '127.0.0.1', this.replication.port)
    await this.copied()
  }

  /** Resolves when the replica has what the master has. */
  private copied(): Promise<void> {
    return until('the replica to follow', async () => {
      const info = String(await this.replica.command('INFO', 'replication'))
      return info.includes('master_link_status:up')
    })
  }
}

async function offset(server: RedisServer, name: string): Promise<number> {
  const info = String(await server.command('INFO', 'replication'))
  return Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1] ?? NaN)
}

async function role(server: RedisServer): Promise<string> {
  const [name] = (await server.command('ROLE').catch(() => [''])) as string[]
  return name ?? ''
}

async function until(what: string, fact: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await fact().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`)
    await sleep(25)
  }
}
