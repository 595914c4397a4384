import { createAdapter as overRedis } from '@socket.io/redis-adapter'
import { createAdapter as overStreams } from '@socket.io/redis-streams-adapter'
import { Redis } from 'ioredis'
import type { Contend } from './contender.js'
import { socketIo } from './socket-io.js'

const READY_MS = 10_000

/** Socket.IO with its adapter for Pub/Sub, on the driver that ours uses. */
export const socketIoOverRedis =
  (url: string): Contend =>
  async (http) => {
    const [publisher, subscriber] = [connect(url), connect(url)]
    const contender = await socketIo(overRedis(publisher, subscriber))(http)
    // Redis answers in order: what was subscribed to is heard when these are answered.
    await Promise.all([publisher.ping(), subscriber.ping()])
    return contender
  }

/** Socket.IO with its adapter for streams, on the driver that ours uses. */
export const socketIoOverStreams =
  (url: string): Contend =>
  async (http) => {
    const redis = connect(url)
    const contender = await socketIo(overStreams(redis, {}))(http)
    await isReading(redis)
    return contender
  }

/** Answers have the form that both adapters were written for. */
function connect(url: string): Redis {
  return new Redis(url, { protocol: 2, connectionName: `bench-${process.pid}` })
}

/** Resolves when this process waits for entries of the stream: what is added before would not be heard. */
async function isReading(redis: Redis): Promise<void> {
  const until = performance.now() + READY_MS
  for (;;) {
    const clients = String(await redis.client('LIST')).split('\n')
    const own = clients.filter((client) => client.includes(` name=bench-${process.pid} `))
    if (own.some((client) => client.includes(' cmd=xread '))) return
    if (performance.now() > until) throw new Error('the adapter for streams does not read')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
