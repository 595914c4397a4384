/** One row of the table of error codes. */
export interface ErrorCodeRow {
  /** What happened. */
  readonly meaning: string
  /** What to do about it. */
  readonly remedy: string
  /** Whether the same request can succeed later without a change. */
  readonly retryable: boolean
  /** Who raises it: a server, so that it can travel, or only the client itself. */
  readonly side: 'server' | 'client'
}

/** Every error code a request can end with. The text is held to PROTOCOL.md §7 by a test. */
export const ERROR_CODES = {
  UNSUPPORTED: {
    side: 'server',
    retryable: false,
    meaning: 'this server, or this channel, does not serve this',
    remedy: 'use what this version and this channel offer',
  },
  UNKNOWN_CHANNEL: {
    side: 'server',
    retryable: false,
    meaning: 'no contract and no declaration names this channel',
    remedy: 'declare the channel on the server, or correct the name',
  },
  INVALID_CHANNEL: {
    side: 'server',
    retryable: false,
    meaning: 'the channel name is not well-formed',
    remedy: 'use 1 to 255 bytes without control characters',
  },
  UNAUTHORIZED: {
    side: 'server',
    retryable: false,
    meaning: 'the token was not accepted, or there is none',
    remedy: 'sign in again',
  },
  FORBIDDEN: {
    side: 'server',
    retryable: false,
    meaning: 'this user may not do this',
    remedy: 'sign in as somebody who may, or open the rule',
  },
  REFUSED: {
    side: 'server',
    retryable: false,
    meaning: 'the publish rule refused the message, with a text for its sender',
    remedy: 'show the text',
  },
  INVALID_DATA: {
    side: 'server',
    retryable: false,
    meaning: 'the data does not fit the schema',
    remedy: 'correct the data',
  },
  TOO_LARGE: {
    side: 'server',
    retryable: false,
    meaning: 'the data is larger than may be sent or kept',
    remedy: 'send less',
  },
  LIMIT_EXCEEDED: {
    side: 'server',
    retryable: false,
    meaning: 'a limit of the session is reached',
    remedy: 'leave channels you no longer need',
  },
  OUT_OF_ORDER: {
    side: 'server',
    retryable: true,
    meaning: 'an earlier number of this producer is missing',
    remedy: 'send again from the number in `expected`',
  },
  RATE_LIMITED: {
    side: 'server',
    retryable: true,
    meaning: 'too many requests',
    remedy: 'wait for `retryAfterMs`',
  },
  SUPERSEDED: {
    side: 'server',
    retryable: true,
    meaning: 'another link took the session over meanwhile',
    remedy: 'send again on the current link',
  },
  UNAVAILABLE: {
    side: 'server',
    retryable: true,
    meaning: 'the log, or the list of members, cannot be reached',
    remedy: 'send again later',
  },
  POSITION_LOST: {
    side: 'server',
    retryable: false,
    meaning: 'the position is not part of the kept history',
    remedy: 'read from the start or from the end',
  },
  UNKNOWN_METHOD: {
    side: 'server',
    retryable: false,
    meaning: 'nobody here serves this method',
    remedy: 'declare the method, or correct the name',
  },
  NOT_CONNECTED: {
    side: 'server',
    retryable: true,
    meaning: 'the session or user has no link at the moment',
    remedy: 'try again later, or publish to a log instead',
  },
  UNKNOWN_OUTCOME: {
    side: 'server',
    retryable: false,
    meaning: 'no answer came in time, and the request may have had its effect',
    remedy: 'find out before you repeat it; repeat a publish with the same key',
  },
  INTERNAL: {
    side: 'server',
    retryable: true,
    meaning: 'a hook or a method of the application failed',
    remedy: 'read the log of the server',
  },
  TERMINATED: {
    side: 'client',
    retryable: false,
    meaning: 'the server ended the session for good',
    remedy: 'read `closeCode`',
  },
  NO_WEBSOCKET: {
    side: 'client',
    retryable: false,
    meaning: 'there is no WebSocket implementation here',
    remedy: 'install ws, use Node 22 or newer, or pass one as the WebSocket option',
  },
  CLOSED: {
    side: 'client',
    retryable: false,
    meaning: 'the client was closed',
    remedy: 'make a new client',
  },
  ABORTED: {
    side: 'client',
    retryable: false,
    meaning: 'the caller aborted the request',
    remedy: 'nothing',
  },
  OUTBOX_FULL: {
    side: 'client',
    retryable: true,
    meaning: 'the outbox holds as much as it may',
    remedy: 'wait until it has been sent',
  },
  EXPIRED: {
    side: 'client',
    retryable: true,
    meaning: 'the message waited too long and was never sent',
    remedy: 'publish again',
  },
  UNSUBSCRIBED: {
    side: 'client',
    retryable: false,
    meaning: 'there is no subscription: it ended, or nobody listens for messages',
    remedy: 'add a message listener or an iterator: it subscribes',
  },
  TIMEOUT: {
    side: 'client',
    retryable: true,
    meaning: 'no answer came in time',
    remedy: 'ask again',
  },
  ITERATOR_OVERFLOW: {
    side: 'client',
    retryable: false,
    meaning: 'an iterator was read too slowly',
    remedy: 'read faster, or use history() to catch up',
  },
  GAP: {
    side: 'client',
    retryable: false,
    meaning: 'messages were lost before the next one',
    remedy: 'read `gap`, reload the state',
  },
} as const satisfies Record<string, ErrorCodeRow>

/** Name of an error code. */
export type ErrorCode = keyof typeof ERROR_CODES

/** Name of an error code that servers send in a reply. */
export type ServerErrorCode = {
  [K in ErrorCode]: (typeof ERROR_CODES)[K]['side'] extends 'client' ? never : K
}[ErrorCode]
