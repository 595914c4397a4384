// Starts redis-servers of its own on loopback, for tests and demos: one, a replica of another, masters of a Cluster. Each
// keeps nothing on disk, lives in a temporary folder, and is ended by its process id; those that are left end with this process.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireRedis } from './redis.mjs'
import { command } from './resp.mjs'

const READY_MS = 10_000
const SLOTS = 16_384
const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Starts one server, and resolves when it answers. `settings` go to it as they would stand in redis.conf. */
export async function startRedis({ port, settings = {} } = {}) {
  for (let tries = 1; ; tries++) {
    const server = new RedisServer(port ?? (await freePort()), settings)
    try {
      await server.start()
      return server
    } catch (error) {
      await server.stop()
      // Others start servers, too: a port that was free a moment ago may be taken by now.
      if (port !== undefined || tries === 3 || !/Address already in use/.test(error.message)) throw error
    }
  }
}

/** A server that copies another one, and resolves when it has done so once. */
export async function startReplica(master, { settings = {} } = {}) {
  const replica = await startRedis({ settings: { replicaof: `127.0.0.1 ${master.port}`, ...settings } })
  await until(async () => (await replica.command('INFO', 'replication')).includes('master_link_status:up'), 'a copy')
  return replica
}

/** A Sentinel that watches a master alone, and resolves when it knows it and those that copy it. */
export async function startSentinel(master, { name = 'main', replicas = 0 } = {}) {
  const sentinel = new Sentinel(await freePort(), name, master)
  await sentinel.start()
  // As it is, it looks every ten seconds, and a master that it has replaced goes on as one until then.
  await sentinel.command('SENTINEL', 'DEBUG', 'info-period', '500', 'publish-period', '200')
  await until(async () => {
    const [watched] = await sentinel.command('SENTINEL', 'MASTERS')
    const copies = await sentinel.command('SENTINEL', 'REPLICAS', name)
    const isCopied = (copy) => factOf(copy, 'flags') === 'slave' && factOf(copy, 'master-link-status') === 'ok'
    return factOf(watched, 'flags') === 'master' && copies.filter(isCopied).length === replicas
  }, 'a Sentinel that knows its master')
  return sentinel
}

/** Masters of a Cluster that share the slots evenly, and resolves when all of them know it. */
export async function startCluster({ masters = 3, settings = {} } = {}) {
  const servers = []
  for (let i = 0; i < masters; i++) {
    const bus = await freePort()
    const own = { 'cluster-enabled': 'yes', 'cluster-port': bus, 'cluster-node-timeout': 2000, ...settings }
    servers.push(await startRedis({ settings: own }))
  }
  const [first, ...others] = servers
  for (const [i, server] of servers.entries()) {
    const from = Math.floor((i * SLOTS) / masters)
    const to = Math.floor(((i + 1) * SLOTS) / masters) - 1
    await server.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    await server.command('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
  }
  for (const server of others) {
    await first.command('CLUSTER', 'MEET', '127.0.0.1', String(server.port), String(server.settings['cluster-port']))
  }
  const agree = async (server) => {
    const info = await server.command('CLUSTER', 'INFO')
    return info.includes('cluster_state:ok') && info.includes(`cluster_size:${masters}`)
  }
  await until(async () => (await Promise.all(servers.map(agree))).every(Boolean), 'a Cluster that is ok')
  return servers
}

/** A port of loopback that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

class RedisServer {
  host = '127.0.0.1'
  #child
  #folder

  constructor(port, settings) {
    this.port = port
    this.settings = settings
    this.url = `redis://127.0.0.1:${port}`
  }

  /** Process id of the server. */
  get pid() {
    return this.#child?.pid
  }

  /** Starts it, again after `kill` or `stop`: on the same port, and empty unless its settings keep something. */
  async start() {
    if (this.#child) throw new Error('the redis-server runs already')
    this.#folder ??= mkdtempSync(join(tmpdir(), 'realtime-redis-'))
    const child = spawn(requireRedis(), this.argumentsIn(this.#folder), {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.#folder,
    })
    this.#child = child
    running.add(child)
    let log = ''
    const keep = (chunk) => (log = (log + chunk).slice(-4000))
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('exit', () => {
      running.delete(child)
      if (this.#child === child) this.#child = undefined
    })
    child.once('error', keep)
    await until(async () => {
      if (this.#child !== child) throw new Error(`redis-server ended at once:\n${log}`)
      return answers(this.port)
    }, `a redis-server on port ${this.port}`)
  }

  /** What it is started with. */
  argumentsIn(folder) {
    const own = { bind: this.host, port: this.port, dir: folder }
    // A replica that comes is served at once.
    const settings = { save: '', appendonly: 'no', 'repl-diskless-sync-delay': 0, ...own, ...this.settings }
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, ...words(name, value)])
  }

  /** Ends it as a crash does, and resolves when it is gone. */
  kill() {
    return this.#end('SIGKILL')
  }

  /** Ends it in order, and resolves when it is gone. Its folder goes, too. */
  async stop() {
    await this.#end('SIGKILL')
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }

  /** It stops doing anything, and its sockets stay open. */
  pause() {
    this.#child?.kill('SIGSTOP')
  }

  /** It goes on after `pause`. */
  resume() {
    this.#child?.kill('SIGCONT')
  }

  /** Sends one command on a connection of its own, and resolves to the answer; rejects with an error of Redis. */
  command(...args) {
    return command({ host: this.host, port: this.port }, args)
  }

  #end(signal) {
    const child = this.#child
    if (!child) return Promise.resolve()
    return new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.kill(signal)
    })
  }
}

class Sentinel extends RedisServer {
  #watched

  constructor(port, name, master) {
    super(port, {})
    this.#watched = `sentinel monitor ${name} ${master.host} ${master.port} 1`
    // As it is, it waits for half a minute before it takes a master for down.
    this.#watched += `\nsentinel down-after-milliseconds ${name} 1000\nsentinel failover-timeout ${name} 2000\n`
  }

  /** It writes into the file that it was started with. */
  argumentsIn(folder) {
    const file = join(folder, 'sentinel.conf')
    writeFileSync(file, `bind ${this.host}\nport ${this.port}\ndir ${folder}\n${this.#watched}`)
    return [file, '--sentinel']
  }
}

/** One of the facts that a Sentinel tells as a list of names and values. */
function factOf(facts, name) {
  return facts[facts.indexOf(name) + 1]
}

/** What some settings have in words is one argument each; an empty one is an argument, too. */
function words(name, value) {
  return name === 'save' || value === '' ? [String(value)] : String(value).split(' ')
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = (is) => {
      socket.destroy()
      resolve(is)
    }
    socket.once('error', () => done(false))
    socket.once('connect', () => socket.write('PING\r\n'))
    // A server that asks for a password answers, too; one that is loading is not there yet.
    socket.once('data', (data) => done(!data.toString().startsWith('-LOADING')))
  })
}

async function until(fact, what) {
  const deadline = Date.now() + READY_MS
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error(`waited ${READY_MS} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
