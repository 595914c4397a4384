/** One stream of events. Those of `node:diagnostics_channel` fit. */
export interface DiagnosticsChannel {
  /** Whether anybody listens; without listeners, no event is made. */
  readonly hasSubscribers: boolean
  /** Hands an event to everybody who listens. */
  publish(event: object): void
}

/** Names of the streams, in full `realtime:<name>`. */
export type DiagnosticsName = 'connect' | 'disconnect' | 'subscribe' | 'publish' | 'gap' | 'limited'

/** Where a node tells tools what happens, event by event, for tracing. Nothing is told that nobody listens to. */
export type Diagnostics = (name: DiagnosticsName) => DiagnosticsChannel

const DEAF: DiagnosticsChannel = { hasSubscribers: false, publish: () => undefined }

/** Tells nobody. */
export const noDiagnostics: Diagnostics = () => DEAF
