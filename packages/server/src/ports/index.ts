export type { Backend, BackendNode, NodeHandler } from './backend.js'
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
export { BackendFullError, isBackendFull } from './full.js'
export type { Control, ControlHandler } from './control.js'
export type { Clock, Timer } from './clock.js'
export { noDiagnostics, type Diagnostics, type DiagnosticsChannel, type DiagnosticsName } from './diagnostics.js'
export { silent, type LogFields, type Logger } from './logger.js'
export { NO_METRICS, type Distribution, type Metric, type MetricInfo, type Metrics } from './metrics.js'
export type {
  Entrant,
  Leaver,
  MissingMember,
  PresenceChange,
  PresenceHandler,
  PresenceHead,
  PresenceList,
  PresenceOutcome,
  PresenceStore,
  Renewal,
  StoredMember,
} from './presence-store.js'
export type { Random } from './random.js'
export type {
  Claim,
  ClaimRequest,
  HeldSession,
  Keeper,
  Kept,
  SessionHandler,
  SessionStore,
  StoredSession,
} from './session-store.js'
export type { EncodedFrame, Handshake, Transport, TransportHandler } from './transport.js'
