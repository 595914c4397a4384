import { anything, count, flag, list, object, ordinal, shape, text, that, type Check, type Shape } from './validate.js'

const user = that('a string or null', (value) => value === null || typeof value === 'string')
const position = object({ epoch: text, offset: count })
const gap = { reason: text, from: count, to: count }
const rebase = { from: text, end: count, to: text }
const error = { code: text, message: text, 'retryable?': flag, 'retryAfterMs?': count, 'expected?': ordinal }
const subscription = { channel: text, generation: count }
const publication = {
  channel: text,
  epoch: text,
  offset: ordinal,
  id: text,
  at: count,
  data: anything,
  'from?': object({ user, session: text }),
  'meta?': object({}),
}

const fields: Record<string, Record<string, Check>> = {
  connected: {
    session: object({ id: text, token: text }),
    resumed: flag,
    user,
    heartbeatMs: ordinal,
    limits: object({ messageBytes: ordinal, channels: ordinal, inFlight: ordinal }),
    'expiresInMs?': count,
    'rebases?': list(object({ channel: text, ...rebase })),
  },
  reply: {
    ref: count,
    position,
    'id?': text,
    'rebase?': object(rebase),
    'publications?': list(object(publication)),
    'more?': flag,
  },
  error: { 'ref?': count, ...error },
  subscribed: { ...subscription, position, head: count, 'gap?': object(gap), 'rebase?': object(rebase) },
  unsubscribed: { ...subscription, ...error },
  publication,
  gap: { channel: text, ...gap, position, 'rebase?': object(rebase) },
  rebase: { channel: text, ...rebase },
  ping: {},
  closing: { code: count, reason: text, 'retryAfterMs?': count },
}

/** Rules of the frames servers send. PROTOCOL.md §3. */
export const SERVER_FRAMES: ReadonlyMap<string, Shape> = new Map(
  Object.entries(fields).map(([type, rules]) => [type, shape(rules)]),
)
