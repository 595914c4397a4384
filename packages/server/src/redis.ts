export type { RedisOptions, RedisSentinel, RedisTls } from './redis/options.js'
