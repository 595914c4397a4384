/** One server of the demo of several: the same chat, on Redis, with a button that kills it. */
import type { AddressInfo } from 'node:net'
import { redis } from '@org/realtime-server/redis'
import { createChat } from '../chat.js'
import { ENVIRONMENT, type FromNode, type ToNode } from './words.js'

const node = process.env[ENVIRONMENT.name] ?? ''
const say = (word: FromNode) => void process.send?.(word)

const { http, realtime } = createChat({
  page: new URL('./page/', import.meta.url),
  backend: redis({ url: process.env[ENVIRONMENT.redis] ?? '' }),
  node,
})
realtime.channel('cluster', { mode: 'latest', subscribe: true })
realtime.method('cluster.here', () => ({ node }))
realtime.method('cluster.kill', ({ node: name }) => say({ kill: name }))

http.listen(Number(process.env[ENVIRONMENT.port] ?? 0), '127.0.0.1', () =>
  say({ port: (http.address() as AddressInfo).port }),
)
process.on('message', ({ tell }: ToNode) => {
  const done = () => say({ told: true })
  // The next change comes soon enough; the demo goes on without this one.
  realtime.publish('cluster', { nodes: [...tell] }).then(done, done)
})
process.on('SIGTERM', () => {
  http.close()
  void realtime.close().then(() => process.exit(0))
})
// The demo handles Ctrl+C, and ends its servers.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit(0))
