import { isChannelName } from './channel-name.js'
import { DEFAULT_LIMITS } from './limits.js'
import { utf8Bytes } from './utf8.js'
import { anything, count, fault, flag, ordinal, text, type Check, type Shape } from './validate.js'

/** A text that passes a test. */
const textThat =
  (expected: string, test: (value: string) => boolean): Check =>
  (value) =>
    (typeof value === 'string' && test(value)) || expected

/** A name of a publication or an idempotency key. */
const id = /* @__PURE__ */ textThat(
  '1 to 64 bytes',
  (value) => value !== '' && utf8Bytes(value) <= DEFAULT_LIMITS.idBytes,
)

const channel = /* @__PURE__ */ textThat('a channel name', isChannelName)
const epoch = /* @__PURE__ */ textThat('at most 64 characters', ({ length }) => length <= 64)
const position = { epoch, offset: count }
const since: Check = (value) =>
  value === 'start' || !fault(value, position) || !fault(value, { last: count }) || "a position, 'start' or { last }"
const subscription = { channel, generation: count, '?': { since } }
const producer = /* @__PURE__ */ textThat('22 to 64 characters', ({ length }) => length >= 22 && length <= 64)
const secret = /* @__PURE__ */ textThat('at most 256 characters', ({ length }) => length <= 256)

const meta: Check = (value) => {
  if (fault(value, {})) return 'object'
  if (Object.values(value as object).some((entry) => typeof entry !== 'string')) return 'texts by name'
  return utf8Bytes(JSON.stringify(value)) <= DEFAULT_LIMITS.metaBytes || `at most ${DEFAULT_LIMITS.metaBytes} bytes`
}

const method = /* @__PURE__ */ textThat(
  '1 to 255 bytes',
  (value) => value !== '' && utf8Bytes(value) <= DEFAULT_LIMITS.methodBytes,
)
const action = /* @__PURE__ */ textThat('a presence action', (value) => /^(enter|leave|get|watch|unwatch)$/.test(value))

/** Rules of the frames clients send. PROTOCOL.md §3. */
export const CLIENT_FRAMES: Readonly<Record<string, Shape>> = {
  connect: {
    producer,
    '?': {
      token: text,
      data: anything,
      session: { id: secret, token: secret },
      subscriptions: [subscription],
      acknowledged: [{ channel, epoch, offset: count }],
      client: { name: secret, version: secret },
    },
  },
  subscribe: subscription,
  unsubscribe: { channel, generation: count },
  publish: {
    ref: count,
    channel,
    id,
    data: anything,
    '?': { seq: ordinal, lowest: ordinal, key: id, epoch, meta },
  },
  send: { channel, id, data: anything, '?': { meta } },
  presence: { ref: count, channel, action, '?': { data: anything } },
  call: { ref: count, method, '?': { data: anything, meta } },
  cancel: { ref: count },
  result: { ref: count, '?': { data: anything } },
  error: { ref: count, code: secret, message: text, '?': { retryable: flag, retryAfterMs: count } },
  refresh: { ref: count, token: text },
  history: { ref: count, channel, limit: ordinal, '?': { after: position, before: position } },
  ping: {},
  pong: {},
  goodbye: {},
}
