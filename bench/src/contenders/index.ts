import type { Contend } from './contender.js'

/** Who can be measured, and what tables call them. */
export const CONTENDERS = {
  realtime: '@org/realtime',
  'ws-framed': 'one framed buffer',
  ws: '`ws`, a send each',
  'socket.io': 'Socket.IO',
  'socket.io-redis': 'Socket.IO, Redis adapter',
  'socket.io-streams': 'Socket.IO, Redis Streams adapter',
  'redis-publish': 'bare `PUBLISH`',
} as const

/** Name of a contender. */
export type ContenderName = keyof typeof CONTENDERS

/**
 * Loads one contender and nothing of the others, whose code would count as its memory.
 *
 * @param redisUrl The Redis that its servers share; empty: it is alone.
 */
export async function contender(name: ContenderName, redisUrl = ''): Promise<Contend> {
  switch (name) {
    case 'realtime':
      return redisUrl === ''
        ? (await import('./realtime-memory.js')).realtimeInMemory
        : (await import('./realtime-redis.js')).realtimeOnRedis(redisUrl)
    case 'ws-framed':
      return (await import('./ws.js')).wsFramed
    case 'ws':
      return (await import('./ws.js')).wsEach
    case 'socket.io':
      return (await import('./socket-io.js')).socketIo()
    case 'socket.io-redis':
      return (await import('./socket-io-redis.js')).socketIoOverRedis(redisUrl)
    case 'socket.io-streams':
      return (await import('./socket-io-redis.js')).socketIoOverStreams(redisUrl)
    case 'redis-publish':
      return (await import('./redis-publish.js')).redisPublish(redisUrl)
  }
}
