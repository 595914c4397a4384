import type { ClientState, GapEvent, RealtimeError } from '@org/realtime-client'

/** Why messages are missing, for people. */
export function gapInWords({ reason, from, to }: GapEvent): string {
  const count = plural(to - from + 1, 'message')
  switch (reason) {
    case 'trimmed':
      return `${count} missing here: they are older than the server keeps.`
    case 'slow':
      return `${count} missing here: they came faster than this connection could take.`
    case 'rollback':
      return `The server lost the ${count} above this line.`
    case 'epoch':
      return 'The server started anew and lost its history. What was written meanwhile may be missing here.'
    case 'unknown':
      return 'Some messages may be missing here. The server cannot say which.'
  }
}

/** Why a message was not sent, for people. What the server refuses comes with words of its own. */
export function failureInWords({ code, message }: RealtimeError): string {
  switch (code) {
    case 'EXPIRED':
    case 'CLOSED':
      return 'It was not sent.'
    case 'UNKNOWN_OUTCOME':
      return 'Nobody knows whether it arrived.'
    case 'OUTBOX_FULL':
      return 'Too many messages are waiting.'
    case 'TOO_LARGE':
      return 'It is too long.'
    default:
      return message
  }
}

/** What keeps us from the server, for people; nothing when nothing does. */
export function troubleInWords({
  status,
  offline,
  degraded,
  error,
  retryInMs,
  reason,
}: ClientState): string | undefined {
  if (error) return `Disconnected: ${error.message}. Reload the page to come back.`
  if (offline) return 'You are offline. What you write waits here.'
  if (degraded) return 'The server cannot store messages at the moment. What you write waits here.'
  if (status !== 'connecting') return undefined
  if (retryInMs === undefined) return 'Connecting …'
  return reason ? `No connection: ${reason}.` : 'No connection.'
}

export function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`
}
