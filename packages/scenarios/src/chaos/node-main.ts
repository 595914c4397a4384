/** A server process of a chaos run: what an application would start, and nothing around it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { memory, RealtimeError, RealtimeServer, type Backend } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import { Numbers } from './numbers.js'
import { readLog } from './read-log.js'
import { readMembers } from './read-members.js'
import {
  BRIEF_MESSAGES,
  SETTINGS,
  type Answer,
  type Answers,
  type Asked,
  type NodeBackend,
  type NodeSettings,
  type Question,
  type Ran,
} from './protocol.js'

const DAY_MS = 86_400_000
/** A run must not wait half a minute for each link that died without a word. No round has an outage as long as the grace. */
const BRISK = {
  heartbeatMs: 2_000,
  heartbeatTimeoutMs: 1_500,
  presenceGraceMs: 20_000,
  messagesPerSecond: 1_000,
  messageBurst: 2_000,
}

/** Publishes of a channel share a call from four in this time on, over eight of them: from 40 a second. */
const PUBLISH_DELAY_MS = 100

const { name, backend: where, usesDefaults = false } = JSON.parse(process.env[SETTINGS] ?? '') as NodeSettings
const backend = open(where)
const metrics = new Numbers()
const realtime = new RealtimeServer(undefined, {
  backend,
  metrics,
  authenticate: ({ data }) => ({ user: { id: String(data) }, hello: { node: name } }),
  limits: usesDefaults ? {} : BRISK,
})
const ample = { ageMs: DAY_MS, bytes: 2 ** 30 }
// Nothing is trimmed, so that what is missing at the end is missing for another reason.
realtime.channel('room:{id}', {
  subscribe: true,
  publish: true,
  log: { messages: 1_000_000, ...ample },
  channelTtlMs: DAY_MS,
})
// Here much is, so that who was away for a while is told a gap.
realtime.channel('brief:{id}', {
  subscribe: true,
  publish: true,
  log: { messages: BRIEF_MESSAGES, ...ample },
  channelTtlMs: DAY_MS,
})
realtime.channel('value:{id}', { mode: 'latest', subscribe: true, publish: true, channelTtlMs: DAY_MS })
realtime.channel('hall:{id}', { subscribe: true, presence: true })
realtime.method('run', async (input) => {
  const { id, ms } = input as { readonly id: string; readonly ms: number }
  // It is in the pipe before the method goes on: what ran is known, also of a process that is killed now.
  process.send?.({ ran: id } satisfies Ran)
  await sleep(ms)
  return id
})

const http = createServer()
realtime.attach(http)
http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }))

const answers: { readonly [K in keyof Answers]: (of: Asked[K]) => Promise<Answers[K]> } = {
  log: (channel) => readLog(backend, channel),
  members: (channel) => readMembers(backend, channel),
  number: async (metric) => metrics.read(metric),
  async publish({ channel, payload }) {
    const { epoch, offset } = await realtime.publish(channel, payload, { key: payload.id })
    return { epoch, offset }
  },
}

process.on('message', <K extends keyof Answers>({ ask, kind, of }: Question<K>) => {
  const answer = (reply: Answer) => process.send?.(reply)
  answers[kind](of).then(
    (value) => answer({ ask, value }),
    (error: unknown) =>
      answer({ ask, error: String(error), ...(error instanceof RealtimeError && { code: error.code }) }),
  )
})
process.on('SIGTERM', () => {
  http.close()
  void realtime.close().then(() => process.exit(0))
})
// Without its runner nobody would end it.
process.on('disconnect', () => process.exit(0))

function open(place: NodeBackend): Backend {
  return place.kind === 'memory' ? memory() : redis({ url: place.url, publishDelayMs: PUBLISH_DELAY_MS })
}
