import { redis } from '@org/realtime-server/redis'
import type { Contend } from './contender.js'
import { realtime } from './realtime.js'

/** Ours, as one of several servers on a Redis. */
export const realtimeOnRedis = (url: string): Contend => realtime(redis({ url }))
