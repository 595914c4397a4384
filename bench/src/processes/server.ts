import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { contender, type ContenderName } from '../contenders/index.js'
import { Publisher } from '../publisher.js'
import { serveTasks } from './tasks.js'

/** What a server used between two moments. */
export interface Used {
  /** Time on a CPU, user and system together, in microseconds. */
  readonly cpuMicros: number
  /** Time that passed, in milliseconds. */
  readonly wallMs: number
  /** What the contender counted. */
  readonly counts: Readonly<Record<string, number>>
}

/** Memory of a server. */
export interface Memory {
  /** What the system counts for the process. */
  readonly residentBytes: number
  /** Objects of the program. */
  readonly heapBytes: number
}

const http = createServer()
const [, , name, redisUrl] = process.argv
const contend = await contender(name as ContenderName, redisUrl)
const server = await contend(http)
const publisher = new Publisher(server)
let begun = { cpu: process.cpuUsage(), at: performance.now(), counts: server.counts?.() ?? {} }

serveTasks({
  listen: () =>
    new Promise<number>((resolve, reject) => {
      http.once('error', reject)
      http.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () => resolve((http.address() as AddressInfo).port))
    }),
  broadcast: (order: Parameters<Publisher['broadcast']>[0]) => publisher.broadcast(order),
  pace: (order: Parameters<Publisher['pace']>[0]) => publisher.pace(order),
  flood: (order: Parameters<Publisher['flood']>[0]) => publisher.flood(order),
  /** How many sockets are open. */
  sockets: () => promisify(http.getConnections.bind(http))(),
  begin: () => {
    begun = { cpu: process.cpuUsage(), at: performance.now(), counts: server.counts?.() ?? {} }
  },
  used: (): Used => {
    const { user, system } = process.cpuUsage(begun.cpu)
    const counts = Object.entries(server.counts?.() ?? {}).map(([name, n]) => [name, n - (begun.counts[name] ?? 0)])
    return {
      cpuMicros: user + system,
      wallMs: performance.now() - begun.at,
      counts: Object.fromEntries(counts) as Record<string, number>,
    }
  },
  /** Memory in use after a collection, in bytes. */
  memory: async (): Promise<Memory> => {
    const collect = globalThis.gc
    if (!collect) throw new Error('the server was started without --expose-gc')
    // What one collection sets free, such as a handle, can hold what only the next one finds.
    for (let i = 0; i < 6; i++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const { rss, heapUsed } = process.memoryUsage()
    return { residentBytes: rss, heapBytes: heapUsed }
  },
})
