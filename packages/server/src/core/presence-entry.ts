import { utf8Bytes, type Data, type Limits, type WireError } from '@org/realtime-protocol'
import type { Logger } from '../ports/index.js'
import { checked, toJson } from './checked.js'
import type { Declarations, PresenceRule } from './declarations.js'
import { resolveChannel } from './resolved-channel.js'
import type { Session } from './session.js'
import { isWireError, wireError } from './wire-errors.js'

/**
 * What the application says of presence: whether a channel has it, who may enter, and what may be shown. Nothing
 * rejects: what cannot be done comes back as a value.
 */
export class PresenceEntry {
  constructor(
    private readonly declarations: Declarations,
    private readonly logger: Logger,
    private readonly limits: Pick<Limits, 'presenceBytes'>,
  ) {}

  /** The rule of a channel that has presence. */
  find(channel: string, user: string | null) {
    const resolved = resolveChannel(this.declarations, channel, user)
    if (isWireError(resolved)) return resolved
    const { presence } = resolved.declaration
    return presence ? { ...resolved, presence } : wireError('UNSUPPORTED', { message: 'this channel has no presence' })
  }

  /** What a session will show as JSON text, once schema, size and rule have agreed. */
  async admit(session: Session, channel: string, data: Data): Promise<{ payload: string | undefined } | WireError> {
    const found = this.find(channel, session.user)
    if (isWireError(found)) return found
    const shown = await checked(found.declaration.presenceSchema, data, this.logger, { channel })
    if ('error' in shown) return shown.error
    const payload = toJson(shown.value)
    if (payload === undefined && shown.value !== undefined) {
      return wireError('INVALID_DATA', { message: 'the data cannot be written as JSON' })
    }
    const { presenceBytes } = this.limits
    if (payload !== undefined && utf8Bytes(payload) > presenceBytes) {
      return wireError('TOO_LARGE', { message: `a member shows at most ${presenceBytes} bytes as JSON` })
    }
    const denied = await this.judge(found.presence, session, channel, shown.value, found.params)
    return denied ?? { payload }
  }

  /** Asks the rule again for somebody who is present. */
  async review(session: Session, channel: string, payload: string | undefined): Promise<WireError | undefined> {
    const found = this.find(channel, session.user)
    if (isWireError(found)) return found
    const data: unknown = payload === undefined ? undefined : JSON.parse(payload)
    return this.judge(found.presence, session, channel, data, found.params)
  }

  private async judge(
    rule: PresenceRule,
    session: Session,
    channel: string,
    data: Data,
    params: Parameters<PresenceRule>[1],
  ): Promise<WireError | undefined> {
    const { identity } = session
    try {
      const allowed = await rule({ channel, data, ...session.asker }, params)
      if (session.identity !== identity) return await this.judge(rule, session, channel, data, params)
      return allowed ? undefined : wireError('FORBIDDEN')
    } catch (error) {
      this.logger.error('presence rule failed', { channel, error })
      return wireError('INTERNAL')
    }
  }
}
