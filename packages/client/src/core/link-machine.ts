import type { ClosingFrame, ServerFrame } from '@org/realtime-protocol'
import { checkInMs, PATIENCE_MS, type Heartbeat } from './heartbeat.js'
import type { Turn } from './turn.js'

/** One link, from its dial on. A closed one is forgotten: what still comes with its number is late news. */
export interface Link extends Heartbeat {
  readonly id: number
  phase: 'dialing' | 'handshaking' | 'open'
  /** What the server said about the end that is coming. */
  closing?: ClosingFrame
}

/** What a link hears. A frame of a type nobody knows is `unknown`: any bytes are a sign of life. */
export type LinkInput = ServerFrame | { readonly type: 'unknown' | 'check' | 'wake' }

/** Begins a link. The deadline runs until `connected`: it covers dial and handshake. */
export function newLink(turn: Turn, url: string, deadlineMs: number): Link {
  const id = turn.next()
  turn.act('dial', id, url)
  turn.timer(`link ${id}`, deadlineMs)
  const { now } = turn
  return { id, phase: 'dialing', heardAt: now, silenceMs: deadlineMs, dueAt: now + deadlineMs, graced: false }
}

/**
 * Keeps the phase and the silence deadline of a link, and answers pings. Updates the link in place.
 *
 * A client has no ping of its own. On `wake` it sends a `pong`, which makes a network stack that lost the connection
 * say so, and otherwise trusts the silence deadline alone: nothing shorter can tell a dead link from a quiet one.
 *
 * @returns Whether the link is dead.
 */
export function stepLink(link: Link, input: LinkInput, turn: Turn): boolean {
  const { id } = link
  if (link.phase === 'open' && input.type !== 'check' && input.type !== 'wake') link.heardAt = turn.now
  const { type } = input
  if (type === 'connected') {
    link.phase = 'open'
    link.heardAt = turn.now
    link.silenceMs = input.heartbeatMs + PATIENCE_MS
  }
  if (type === 'closing') link.closing = input
  // Between `connect` and `connected` a client says nothing.
  if ((type === 'ping' || type === 'wake') && link.phase === 'open') turn.act('send', id, { type: 'pong' })
  // Several events tell of one awakening; only the first may start the grace, none may cut it short.
  return (type === 'connected' || type === 'check' || (type === 'wake' && !link.graced)) && check(link, turn)
}

function check(link: Link, turn: Turn): boolean {
  const ms = checkInMs(link, turn.now)
  turn.timer(`link ${link.id}`, ms || undefined)
  return !ms
}
