/** What runner and server process say to each other. */
import type { Position } from '@org/realtime-protocol'
import type { LogEntry, StoredPresence } from '../history/index.js'
import type { Payload } from './publisher.js'

/** Where a server keeps its logs. */
export type NodeBackend = { readonly kind: 'memory' } | { readonly kind: 'redis'; readonly url: string }

/** Settings of a server process, in its environment as JSON. */
export interface NodeSettings {
  readonly name: string
  readonly backend: NodeBackend
  /** Whether heartbeats and graces are those of an application that sets nothing. Default: they suit short rounds. */
  readonly usesDefaults?: boolean
  /** Time after which the others take a silent server for dead, where they have Redis. Default: that of an application that sets nothing. */
  readonly leaseMs?: number
}

export const SETTINGS = 'CHAOS_NODE'

/** How many messages the logs of `brief:{id}` keep. */
export const BRIEF_MESSAGES = 40

/** What the log of a channel holds. */
export interface Dump {
  readonly head: Position
  readonly entries: readonly LogEntry[]
}

/** What a server can be asked, and how it answers. */
export interface Answers {
  /** What the log of a channel holds. */
  readonly log: Dump
  /** Who is present in a channel, as the store has it. */
  readonly members: readonly StoredPresence[]
  /** The value of a metric. */
  readonly number: number
  /** Where a message of the server's own is stored. */
  readonly publish: Position
}

/** What is asked about. */
export interface Asked {
  readonly log: string
  readonly members: string
  readonly number: string
  readonly publish: Keyed
}

/** A publish of a server's own, which has its id as its key. */
export interface Keyed {
  readonly channel: string
  readonly payload: Payload
}

/** The runner asks something of a server. */
export interface Question<K extends keyof Answers = keyof Answers> {
  readonly ask: number
  readonly kind: K
  readonly of: Asked[K]
}

/** The answer, or why there is none. */
export type Answer =
  | { readonly ask: number; readonly value: Answers[keyof Answers] }
  | { readonly ask: number; readonly error: string; readonly code?: string }

/** Code of the error of who asks a server that has ended, or ends before it answers. */
export const ENDED = 'ENDED'

/** A server began to run the method for a call. */
export interface Ran {
  readonly ran: string
}

export interface Ready {
  readonly port: number
}
