export type { RedisOptions } from './options.js'
