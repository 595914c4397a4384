/** One row of the table of error codes. */
export interface ErrorCodeRow {
  /** What happened. */
  readonly meaning: string
  /** What to do about it. */
  readonly remedy: string
  /** Whether the same request can succeed later without a change. */
  readonly retryable: boolean
  /** Who raises it: a server in a reply, or the client itself. */
  readonly side: 'server' | 'client'
}

/** Every error code a request can end with. The text is held to PROTOCOL.md §7 by a test. */
export const ERROR_CODES = {
  UNSUPPORTED: row('server', false, 'the server does not serve this type of frame', 'use a feature of this version'),
  UNKNOWN_CHANNEL: row(
    'server',
    false,
    'no contract and no declaration names this channel',
    'declare the channel on the server, or correct the name',
  ),
  INVALID_CHANNEL: row(
    'server',
    false,
    'the channel name is not well-formed',
    'use 1 to 255 bytes without control characters',
  ),
  FORBIDDEN: row(
    'server',
    false,
    'the rule of the channel denies this',
    'sign in as somebody who may, or open the rule',
  ),
  REFUSED: row('server', false, 'the publish rule refused the message, with a text for its sender', 'show the text'),
  INVALID_DATA: row('server', false, 'the data does not fit the schema of the channel', 'correct the data'),
  TOO_LARGE: row('server', false, 'the data is larger than the log may hold', 'send less'),
  LIMIT_EXCEEDED: row(
    'server',
    false,
    'a limit of the session is reached',
    'unsubscribe from channels you no longer need',
  ),
  OUT_OF_ORDER: row(
    'server',
    true,
    'an earlier number of this producer is missing',
    'send again from the number in `expected`',
  ),
  RATE_LIMITED: row('server', true, 'too many messages', 'wait for `retryAfterMs`'),
  SUPERSEDED: row('server', true, 'another link took the session over meanwhile', 'send again on the current link'),
  UNAVAILABLE: row('server', true, 'the log cannot be reached', 'send again later'),
  POSITION_LOST: row(
    'server',
    false,
    'the position is not part of the kept history',
    'read from the start or from the end',
  ),
  INTERNAL: row('server', true, 'a hook of the application failed', 'read the log of the server'),
  UNAUTHORIZED: row('client', false, 'the token was not accepted, or there is none', 'sign in again'),
  TERMINATED: row('client', false, 'the server ended the session for good', 'read `closeCode`'),
  NO_WEBSOCKET: row(
    'client',
    false,
    'there is no WebSocket implementation here',
    'install ws, use Node 22 or newer, or pass one as the WebSocket option',
  ),
  CLOSED: row('client', false, 'the client was closed', 'make a new client'),
  ABORTED: row('client', false, 'the caller aborted the request', 'nothing'),
  OUTBOX_FULL: row('client', true, 'the outbox holds as much as it may', 'wait until it has been sent'),
  EXPIRED: row('client', true, 'the message waited too long and was never sent', 'publish again'),
  UNKNOWN_OUTCOME: row(
    'client',
    false,
    'the message was sent, and no answer came in time',
    'publish again with the same key, or read the history',
  ),
  UNSUBSCRIBED: row('client', false, 'the subscription ended', 'subscribe again'),
  TIMEOUT: row('client', true, 'no answer came in time', 'ask again'),
  ITERATOR_OVERFLOW: row(
    'client',
    false,
    'an iterator was read too slowly',
    'read faster, or use history() to catch up',
  ),
  GAP: row('client', false, 'messages were lost before the next one', 'read `gap`, reload the state'),
} as const satisfies Record<string, ErrorCodeRow>

/** Name of an error code. */
export type ErrorCode = keyof typeof ERROR_CODES

/** Name of an error code that servers send in a reply. */
export type ServerErrorCode = {
  [K in ErrorCode]: (typeof ERROR_CODES)[K]['side'] extends 'client' ? never : K
}[ErrorCode]

function row<S extends 'server' | 'client'>(side: S, retryable: boolean, meaning: string, remedy: string) {
  return { side, retryable, meaning, remedy }
}
