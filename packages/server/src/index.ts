// The server
export { RealtimeServer } from './server.js'
export type { AttachOptions } from './endpoint.js'
export type { CloseOptions } from './closing.js'
export type { HistoryOptions, Published, PublishOptions } from './publications.js'
export type {
  Authenticated,
  ChannelOptions,
  LogOptions,
  PersonalOptions,
  PresenceContext,
  PublishContext,
  PublishDecision,
  RuleContext,
  ServerLimits,
  ServerOptions,
} from './options.js'
export type { OriginRule, Origins } from './ws/origins.js'
export type { TrustedProxies } from './ws/trusted-proxies.js'
export type { PlainConnection, PlainHandler } from './core/plain-connection.js'
export type { CallArguments, CallOptions, Method } from './calls.js'
export type { CallContext } from './core/methods.js'
export type { LiveSession, Reached } from './core/reach.js'
export type { Attributes } from './core/attributes.js'
export type { DisconnectOptions, KnownSession, LiveSessions, ReachOptions, Totals } from './sessions.js'
export type { Target } from './core/target.js'
export type { Credentials } from './core/admission.js'
export type { Identity } from './core/declarations.js'
export type { PresentMembers } from './core/presence.js'
export type { History } from './core/reading.js'
export { RealtimeError } from './core/wire-errors.js'

// Backends
export { memory, type MemoryOptions } from './backends.js'
export type { MemoryBackend, MemoryCheckpoint } from './memory/memory-backend.js'

// Ports, for those who bring their own
export { healthChecks, type Health, type HealthOptions } from './http/health.js'
export type * from './ports/index.js'
export { BackendFullError } from './ports/index.js'

// The contract, so that a server needs one import
export { contract, type Mode } from '@org/realtime-protocol'
