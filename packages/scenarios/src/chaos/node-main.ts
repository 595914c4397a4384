/** A server process of a chaos run: what an application would start, and nothing around it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memory, RealtimeServer, type Backend } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import { readLog } from './read-log.js'
import { SETTINGS, type DumpReply, type DumpRequest, type NodeBackend, type NodeSettings } from './protocol.js'

const DAY_MS = 86_400_000

const { name, backend: where } = JSON.parse(process.env[SETTINGS] ?? '') as NodeSettings
const backend = open(where)
const realtime = new RealtimeServer(undefined, {
  backend,
  authenticate: ({ data }) => ({ user: { id: String(data) }, hello: { node: name } }),
  // A run must not wait half a minute for each link that died without a word.
  limits: { heartbeatMs: 2_000, heartbeatTimeoutMs: 1_500, messagesPerSecond: 1_000, messageBurst: 2_000 },
})
// Nothing is trimmed, so that what is missing at the end is missing for another reason.
realtime.channel('room:{id}', {
  subscribe: true,
  publish: true,
  log: { messages: 1_000_000, ageMs: DAY_MS, bytes: 2 ** 30 },
  channelTtlMs: DAY_MS,
})

const http = createServer()
realtime.attach(http)
http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }))

process.on('message', ({ ask, channel }: DumpRequest) => {
  const answer = (reply: DumpReply) => process.send?.(reply)
  readLog(backend, channel).then(
    (log) => answer({ ask, ...log }),
    (error: unknown) => answer({ ask, error: String(error) }),
  )
})
process.on('SIGTERM', () => {
  http.close()
  void realtime.close().then(() => process.exit(0))
})
// Without its runner nobody would end it.
process.on('disconnect', () => process.exit(0))

function open(place: NodeBackend): Backend {
  return place.kind === 'memory' ? memory() : redis({ url: place.url })
}
