/** What runner and server process say to each other. */
import type { Position } from '@org/realtime-protocol'
import type { LogEntry } from '../history/index.js'

/** Where a server keeps its logs. */
export type NodeBackend = { readonly kind: 'memory' } | { readonly kind: 'redis'; readonly url: string }

/** Settings of a server process, in its environment as JSON. */
export interface NodeSettings {
  readonly name: string
  readonly backend: NodeBackend
}

export const SETTINGS = 'CHAOS_NODE'

/** The runner asks what the log of a channel holds. */
export interface DumpRequest {
  readonly ask: number
  readonly channel: string
}

/** The answer, or why there is none. */
export type DumpReply =
  | { readonly ask: number; readonly head: Position; readonly entries: readonly LogEntry[] }
  | { readonly ask: number; readonly error: string }

export interface Ready {
  readonly port: number
}
