/**
 * What a client does when a link ends with a code. PROTOCOL.md §6.
 *
 * - `reconnect`: dial again after the back-off, resume.
 * - `reauthenticate`: ask the application for a new token, then as `reconnect`; without one, stop.
 * - `restart`: as `reconnect`, but as a new session: another link holds this one.
 * - `terminal`: stop and tell the application.
 */
export type ClosePolicy = 'reconnect' | 'reauthenticate' | 'restart' | 'terminal'

/** One row of the table of close codes. */
export interface CloseCodeRow {
  /** The number on the wire. */
  readonly code: number
  /** Why the link ends, in words for a log. At most 123 bytes. */
  readonly reason: string
  /** What a client does next. */
  readonly policy: ClosePolicy
}

/** Every close code a server sends, by name. The text is held to PROTOCOL.md §6 by a test. */
export const CLOSE_CODES = {
  RESTART: { code: 4000, reason: 'the server is going away', policy: 'reconnect' },
  REDIRECT: { code: 4001, reason: 'connect elsewhere', policy: 'reconnect' },
  SUPERSEDED: { code: 4002, reason: 'another link holds this session', policy: 'restart' },
  SLOW: { code: 4003, reason: 'the send queue is full', policy: 'reconnect' },
  HEARTBEAT: { code: 4004, reason: 'no answer to a ping', policy: 'reconnect' },
  STATE: { code: 4005, reason: 'the state of this link is uncertain', policy: 'reconnect' },
  OVERLOADED: { code: 4006, reason: 'too many connections', policy: 'reconnect' },
  CONNECT_TIMEOUT: { code: 4007, reason: 'no connect frame in time', policy: 'reconnect' },
  UNAUTHORIZED: { code: 4500, reason: 'the token was not accepted', policy: 'reauthenticate' },
  FORBIDDEN: { code: 4501, reason: 'not allowed to connect', policy: 'terminal' },
  PROTOCOL_ERROR: { code: 4502, reason: 'a frame broke the protocol', policy: 'terminal' },
  TOO_BIG: { code: 4503, reason: 'a frame is too big', policy: 'terminal' },
  ABUSE: { code: 4504, reason: 'limits were exceeded again and again', policy: 'terminal' },
  VERSION: { code: 4505, reason: 'this version of the protocol is not served', policy: 'terminal' },
  ENDED: { code: 4506, reason: 'the application ended the session', policy: 'terminal' },
} as const satisfies Record<string, CloseCodeRow>

/** Name of a close code of this protocol. */
export type CloseCodeName = keyof typeof CLOSE_CODES

/**
 * What a client does on any close code, also one it has never seen: 4000–4499 mean reconnect, 4500–4999 mean stop,
 * and the codes of RFC 6455 are judged by what they say about trying again. PROTOCOL.md §6.
 */
export function closePolicy(code: number): ClosePolicy {
  if (code === REAUTHENTICATE) return 'reauthenticate'
  if (code === RESTART) return 'restart'
  return isTerminal(code) ? 'terminal' : 'reconnect'
}

/** The code that means `reauthenticate`. A constant, which bundlers put in the place of its name. */
export const REAUTHENTICATE = 4500

/** The code that means `restart`. */
export const RESTART = 4002

/** Whether a code other than {@link REAUTHENTICATE} means `terminal`. */
export function isTerminal(code: number): boolean {
  return code === 1000 || code >= 4500
}

/**
 * Codes that mean the two sides do not understand each other: a link that ends with one of them twice in a row,
 * never having connected in between, is not tried a third time. PROTOCOL.md §6.
 */
export function isRefusal(code: number): boolean {
  return code === 1002 || code === 1003 || (code >= 1007 && code <= 1010)
}
