import { anything, count, flag, ordinal, text, type Check, type Shape } from './validate.js'

const user: Check = (value) => value === null || typeof value === 'string' || 'string or null'
const position = { epoch: text, offset: count }
const gap = { reason: text, from: count, to: count }
const rebase = { from: text, end: count, to: text }
const hints = { retryable: flag, retryAfterMs: count, expected: ordinal }
const error = { code: text, message: text, '?': hints }
const subscription = { channel: text, generation: count }
const place = { channel: text, ...position }
const sender = { user, session: text }
const member = { ...sender, '?': { data: anything } }
const publication = { ...place, id: text, at: count, data: anything, '?': { from: sender, meta: {} } }

/** Rules of the frames servers send. PROTOCOL.md §3. */
export const SERVER_FRAMES: Readonly<Record<string, Shape>> = {
  // A type is whatever the server says: only those that stand here are found.
  __proto__: null as never,
  connected: {
    session: { id: text, token: text },
    resumed: flag,
    user,
    heartbeatMs: ordinal,
    limits: {
      messageBytes: ordinal,
      channels: ordinal,
      inFlight: ordinal,
      '?': { messagesPerSecond: ordinal, messageBurst: ordinal },
    },
    '?': { expiresInMs: count, rebases: [{ channel: text, ...rebase }], degraded: flag },
  },
  reply: {
    ref: count,
    position,
    '?': { id: text, rebase, publications: [publication], more: flag, count, members: [member] },
  },
  result: { ref: count, '?': { data: anything, expiresInMs: count } },
  call: { ref: count, method: text, '?': { data: anything, meta: {} } },
  cancel: { ref: count },
  join: { ...place, ...member },
  leave: { ...place, ...sender },
  presence: { channel: text, position, count, '?': { members: [member] } },
  state: { degraded: flag },
  expiring: { expiresInMs: count },
  error: { ...error, '?': { ref: count, data: anything, ...hints } },
  subscribed: { ...subscription, position, head: count, '?': { mode: text, gap, rebase } },
  unsubscribed: { ...subscription, ...error },
  publication,
  gap: { channel: text, ...gap, position, '?': { rebase } },
  rebase: { channel: text, ...rebase },
  ping: {},
  pong: {},
  closing: { code: count, reason: text, '?': { retryAfterMs: count } },
}
