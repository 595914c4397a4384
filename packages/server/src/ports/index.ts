export type { Backend, BackendNode } from './backend.js'
export type {
  Broker,
  BrokerHandler,
  HistoryPage,
  HistoryQuery,
  ProducerNumber,
  PublishOutcome,
  PublishRequest,
  Recovery,
  Retention,
  StoredPublication,
} from './broker.js'
export type { Clock, Timer } from './clock.js'
export { silent, type LogFields, type Logger } from './logger.js'
export type { Random } from './random.js'
export type { Claim, ClaimRequest, HeldSession, SessionHandler, SessionStore } from './session-store.js'
export type { EncodedFrame, Handshake, Transport, TransportHandler } from './transport.js'
