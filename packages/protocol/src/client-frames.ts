import { isChannelName } from './channel-name.js'
import { DEFAULT_LIMITS } from './limits.js'
import { utf8Bytes } from './utf8.js'
import {
  anything,
  count,
  either,
  list,
  object,
  ordinal,
  shape,
  text,
  that,
  type Check,
  type Shape,
} from './validate.js'

/** A name of a publication or an idempotency key. */
const id = that(
  '1 to 64 bytes',
  (value) => typeof value === 'string' && value !== '' && utf8Bytes(value) <= DEFAULT_LIMITS.idBytes,
)

const channel = that('a channel name', isChannelName)
const epoch = that('at most 64 characters', (value) => typeof value === 'string' && value.length <= 64)
const position = object({ epoch, offset: count })
const since = either(
  "a position, 'start' or { last }",
  position,
  that('start', (value) => value === 'start'),
  object({ last: count }),
)
const subscription = { channel, generation: count, 'since?': since }
const producer = that(
  '22 to 64 characters',
  (value) => typeof value === 'string' && value.length >= 22 && value.length <= 64,
)
const secret = that('at most 256 characters', (value) => typeof value === 'string' && value.length <= 256)

const meta: Check = (value) =>
  object({})(value) ??
  (Object.values(value as object).some((entry) => typeof entry !== 'string')
    ? ['', 'texts by name']
    : utf8Bytes(JSON.stringify(value)) > DEFAULT_LIMITS.metaBytes
      ? ['', `at most ${DEFAULT_LIMITS.metaBytes} bytes`]
      : undefined)

const fields: Record<string, Record<string, Check>> = {
  connect: {
    producer,
    'token?': text,
    'data?': anything,
    'session?': object({ id: secret, token: secret }),
    'subscriptions?': list(object(subscription), DEFAULT_LIMITS.channels),
    'acknowledged?': list(object({ channel, epoch, offset: count }), DEFAULT_LIMITS.channels),
    'client?': object({ name: secret, version: secret }),
  },
  subscribe: subscription,
  unsubscribe: { channel, generation: count },
  publish: {
    ref: count,
    channel,
    id,
    data: anything,
    'seq?': ordinal,
    'lowest?': ordinal,
    'key?': id,
    'epoch?': epoch,
    'meta?': meta,
  },
  history: { ref: count, channel, 'after?': position, 'before?': position, limit: ordinal },
  pong: {},
  goodbye: {},
}

/** Rules of the frames clients send. PROTOCOL.md §3. */
export const CLIENT_FRAMES: ReadonlyMap<string, Shape> = new Map(
  Object.entries(fields).map(([type, rules]) => [type, shape(rules)]),
)
