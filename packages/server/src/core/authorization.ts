import type { WireError } from '@org/realtime-protocol'
import type { Logger } from '../ports/index.js'
import type { Declarations } from './declarations.js'
import { resolveChannel, type ResolvedChannel } from './resolved-channel.js'
import type { Session } from './session.js'
import { isWireError, wireError } from './wire-errors.js'

/** Asks the application whether a session may read a channel, and gives the channel that it means. Never rejects. */
export async function authorizeSubscribe(
  { declarations, logger }: { readonly declarations: Declarations; readonly logger: Logger },
  session: Session,
  channel: string,
): Promise<WireError | ResolvedChannel> {
  const resolved = resolveChannel(declarations, channel, session.user)
  if (isWireError(resolved)) return resolved
  try {
    const { declaration, params } = resolved
    for (;;) {
      const { identity } = session
      const allowed = await declaration.subscribe({ channel, ...session.asker }, params)
      // What was allowed to who it was is not allowed to who it is now.
      if (session.identity === identity) return allowed ? resolved : wireError('FORBIDDEN')
    }
  } catch (error) {
    logger.error('subscribe rule failed', { channel, error })
    return wireError('INTERNAL')
  }
}
