import type { Message } from './contenders/contender.js'

/** Size of a message as JSON, in bytes. */
export const MESSAGE_BYTES = 128

const MARK = '"due":"'
const MARK_BYTES = Buffer.from(MARK)
/** Microseconds since the machine began, with leading zeros for one length: enough for 31 years. */
const DIGITS = 15

/**
 * A message that is {@link MESSAGE_BYTES} long as JSON, whatever its number.
 *
 * @param dueMs When it is to be published, on the clock that processes share, for whoever reads it with {@link dueOf}.
 */
export function messageOf(n: number, dueMs?: number): Message {
  const told = dueMs === undefined ? { n } : { n, due: String(Math.round(dueMs * 1_000)).padStart(DIGITS, '0') }
  const missing = MESSAGE_BYTES - JSON.stringify({ ...told, text: '' }).length
  return { ...told, text: 'x'.repeat(missing) }
}

/** When the message in a frame was to be published, in milliseconds. @throws Error when it does not say. */
export function dueOf(bytes: Buffer, start: number, end: number): number {
  const mark = bytes.subarray(start, end).indexOf(MARK_BYTES)
  if (mark === -1) throw new Error('a message came without the time it was due')
  const from = start + mark + MARK.length
  return Number(bytes.toString('latin1', from, from + DIGITS)) / 1_000
}
