import { isChannelName, type WireError } from '@org/realtime-protocol'
import { PERSONAL, type DeclaredChannel, type Declarations } from './declarations.js'
import { wireError } from './wire-errors.js'

/** A channel as the inside knows it. */
export interface ResolvedChannel extends DeclaredChannel {
  /** Its name at the broker. */
  readonly name: string
}

/**
 * What somebody means by a name. `@` is a channel of its own for every user; no other name reaches one.
 *
 * @param user Who asks; `null` for an anonymous one.
 */
export function resolveChannel(
  declarations: Declarations,
  name: string,
  user: string | null,
): ResolvedChannel | WireError {
  if (!isChannelName(name)) return wireError('INVALID_CHANNEL')
  if (name === PERSONAL) {
    if (!declarations.personal) return wireError('UNKNOWN_CHANNEL')
    return user === null ? wireError('FORBIDDEN') : personalChannel(declarations, user)
  }
  const declared = declarations.resolve(name)
  return declared ? { name, ...declared } : wireError('UNKNOWN_CHANNEL')
}

/** The personal channel of a user. */
export function personalChannel({ personal }: Declarations, user: string): ResolvedChannel | WireError {
  if (!personal) return wireError('UNKNOWN_CHANNEL', { message: 'personal channels are not switched on' })
  const name = PERSONAL + user
  if (user === '' || !isChannelName(name)) {
    return wireError('INVALID_CHANNEL', {
      message: 'the id of the user names no personal channel: it needs 1 to 254 bytes without control characters',
    })
  }
  return { name, declaration: personal, params: {} }
}

/** What clients call a channel. */
export function wireName(name: string): string {
  return name.startsWith(PERSONAL) ? PERSONAL : name
}
