import { Redis } from 'ioredis'
import type { Contend } from './contender.js'

/**
 * The control of what goes through Redis: `PUBLISH` of the message as JSON, and nothing else. What is published in one
 * turn goes out in one write, which is the fastest way that the driver has.
 */
export const redisPublish =
  (url: string): Contend =>
  async () => {
    const redis = new Redis(url, { enableAutoPipelining: true })
    await redis.ping()
    return { publish: (channel, message) => redis.publish(channel, JSON.stringify(message)) }
  }
