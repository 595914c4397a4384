import type { ContenderName } from '../../contenders/index.js'
import type { Dialect } from './dialect.js'
import { realtime } from './realtime.js'
import { socketIo } from './socket-io.js'
import { ws } from './ws.js'

/** What each contender speaks that has links. */
export const DIALECTS: Readonly<Record<Exclude<ContenderName, 'redis-publish'>, Dialect>> = {
  realtime,
  ws,
  'ws-framed': ws,
  'socket.io': socketIo,
  'socket.io-redis': socketIo,
  'socket.io-streams': socketIo,
}
