import { DEFAULT_LIMITS, utf8Bytes, type Data, type Meta, type Position, type WireError } from '@org/realtime-protocol'
import type { Draft } from './core/publishing.js'
import { isWireError, RealtimeError } from './core/wire-errors.js'
import type { PublishOutcome } from './ports/index.js'

/** Settings of one publish. */
export interface PublishOptions {
  /** Idempotency key, 1 to 64 bytes: a repeat within 5 minutes takes effect once. Default: none. */
  readonly key?: string
  /** Texts that travel with the message for tools, such as `traceparent`. At most 1,024 bytes. */
  readonly meta?: Meta
}

/** Where a publish was stored. The position of a message to an `ephemeral` channel is the null position. */
export interface Published extends Position {
  /** Names the publication. */
  readonly id: string
}

/** Which part of a log to read. With neither `after` nor `before`, the latest messages. */
export interface HistoryOptions {
  /** Read the messages after this position. */
  readonly after?: Position
  /** Read the messages before this position. */
  readonly before?: Position
  /** How many at most. Default and most: 100. */
  readonly limit?: number
}

/** What the server publishes. @throws RealtimeError `INVALID_DATA` when the key or the meta is none. */
export function draft(id: string, channel: string, data: Data, { key, meta }: PublishOptions): Draft {
  if (key !== undefined && !isSized(key, DEFAULT_LIMITS.idBytes)) {
    throw new RealtimeError('INVALID_DATA', `a key is a text of 1 to ${DEFAULT_LIMITS.idBytes} bytes`)
  }
  checkMeta(meta)
  return { channel, id, data, key, meta }
}

/** Where it was stored. @throws RealtimeError when it was not. */
export function published(outcome: PublishOutcome | WireError): Published {
  if (isWireError(outcome)) throw RealtimeError.from(outcome)
  if (outcome.kind !== 'stored') throw new RealtimeError('INTERNAL', 'the broker judged a number that was not given')
  return { id: outcome.id, ...outcome.position }
}

/** @throws RealtimeError `INVALID_DATA` when these are no texts for tools, or longer than they may be. */
export function checkMeta(meta: Meta | undefined): void {
  if (meta === undefined) return
  // Clients refuse frames with anything else in it, which callers without types can give.
  if (!isTexts(meta)) throw new RealtimeError('INVALID_DATA', 'meta is an object whose values are texts')
  if (isSized(JSON.stringify(meta), DEFAULT_LIMITS.metaBytes)) return
  throw new RealtimeError('INVALID_DATA', `meta has at most ${DEFAULT_LIMITS.metaBytes} bytes as JSON`)
}

function isTexts(meta: unknown): boolean {
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) return false
  return Object.values(meta).every((each) => each === undefined || typeof each === 'string')
}

function isSized(text: unknown, maxBytes: number): boolean {
  return typeof text === 'string' && text !== '' && utf8Bytes(text) <= maxBytes
}
