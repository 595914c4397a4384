import type { Message } from './contenders/contender.js'

/** Size of a message as JSON, in bytes. */
export const MESSAGE_BYTES = 128

const EMPTY_BYTES = JSON.stringify({ n: 0, text: '' }).length

/** A message that is {@link MESSAGE_BYTES} long as JSON, whatever its number. */
export function messageOf(n: number): Message {
  return { n, text: 'x'.repeat(MESSAGE_BYTES - EMPTY_BYTES + 1 - String(n).length) }
}
