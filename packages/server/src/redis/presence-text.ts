import type { PresenceChange, StoredMember } from '../ports/index.js'

/** A member but for its session, as the store keeps it: the user as JSON, and behind it what it shows. */
export function bodyOf({ user, payload }: Omit<StoredMember, 'session'>): string {
  const who = JSON.stringify(user)
  return payload === undefined ? who : `${who}\n${payload}`
}

/** The member of a session. */
export function memberOf(session: string, body: string): StoredMember {
  const end = body.indexOf('\n')
  if (end < 0) return { user: JSON.parse(body) as string | null, session }
  return { user: JSON.parse(body.slice(0, end)) as string | null, session, payload: body.slice(end + 1) }
}

/**
 * A change as it is published: `1 <epoch> <offset> <kind> <count>`, the session as JSON, the body; each a line. Nothing for
 * any other text: of a version that says more, or of somebody else who publishes to this Redis.
 */
export function readChange(text: string): PresenceChange | undefined {
  const [head = '', session = ''] = text.split('\n', 2)
  const [, epoch = '', offset, kind, count] = /^1 (\S+) (\d+) (join|leave) (\d+)$/.exec(head) ?? []
  if (kind !== 'join' && kind !== 'leave') return undefined
  try {
    const member = memberOf(JSON.parse(session) as string, text.slice(head.length + session.length + 2))
    return { position: { epoch, offset: Number(offset) }, kind, member, count: Number(count) }
  } catch {
    // It is no JSON.
    return undefined
  }
}
