export type { Channel } from './channel.js'
export type { CallArguments, ChannelOf, PersonalOf } from './client.js'
export { GapError, RealtimeError, type ErrorDetails } from './core/errors.js'
export type * from './events.js'
export type { GapItem, MessageItem, MessageIterator } from './messages.js'
export type * from './options.js'
export type { Clock } from './ports/clock.js'
export type { Logger } from './ports/logger.js'
export type { Network, NetworkEvent } from './ports/network.js'
export type { Random } from './ports/random.js'
export type { Link, LinkEvents, Transport } from './ports/transport.js'
export type { WebSocketConstructor, WebSocketLike } from './ports/websocket.js'
export type {
  Contract,
  Data,
  ErrorCode,
  Gap,
  GapReason,
  Meta,
  Position,
  Publication,
  Sender,
  Since,
} from '@org/realtime-protocol'
