import type { Data, Meta, Sender, WireError } from '@org/realtime-protocol'
import { NULL_POSITION, utf8Bytes } from '@org/realtime-protocol'
import { isBackendFull } from '../ports/index.js'
import type { Broker, Clock, Logger, ProducerNumber, PublishOutcome, StoredPublication } from '../ports/index.js'
import { checked, toJson } from './checked.js'
import { resolveChannel, personalChannel, type ResolvedChannel } from './resolved-channel.js'
import type { DeclaredChannel, Declarations, PublishVerdict } from './declarations.js'
import type { Session } from './session.js'
import { isWireError, wireError } from './wire-errors.js'

/** A message on its way to the log. */
export interface Draft {
  readonly channel: string
  readonly id: string
  readonly data: Data
  readonly meta?: Meta | undefined
  readonly key?: string | undefined
  readonly epoch?: string | undefined
  readonly number?: ProducerNumber | undefined
  /** Whether it is sent again until it is answered. Only a log can tell that it has it already. */
  readonly retried?: boolean
}

/** Who publishes. */
interface Author {
  readonly from: Sender | undefined
  /** Whose keys are found. */
  readonly scope: ReadonlyArray<string | null>
  readonly isWanted: (() => boolean) | undefined
}

/** The application. */
const SERVER: Author = { from: undefined, scope: [], isWanted: undefined }

/**
 * The one way to the broker, for clients and for the server's own code: schema, rule, size, broker, each once per
 * publication. Nothing rejects: what cannot be done comes back as a value.
 */
export class Publishing {
  constructor(
    private readonly broker: Broker,
    private readonly declarations: Declarations,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Publishes for the application. Needs no rule. */
  fromServer(draft: Draft): Promise<PublishOutcome | WireError> {
    return this.unruled(resolveChannel(this.declarations, draft.channel, null), draft)
  }

  /** Publishes for the application to the personal channel of a user. */
  toUser(user: string, draft: Draft): Promise<PublishOutcome | WireError> {
    return this.unruled(personalChannel(this.declarations, user), draft)
  }

  /**
   * Publishes for a client, as the rule of the channel decides.
   *
   * @param holds Whether the link still holds the session, asked after the rule has decided, and by a broker that tries late.
   * A client whose link is gone sends again over the next one; a late copy from this one could meet a log that has lost the
   * record of it.
   */
  async fromSession(session: Session, draft: Draft, holds: () => boolean): Promise<PublishOutcome | WireError> {
    const resolved = resolveChannel(this.declarations, draft.channel, session.user)
    if (isWireError(resolved)) return resolved
    const { mode, schema } = resolved.declaration
    if (mode === 'ephemeral' && draft.retried) {
      return wireError('UNSUPPORTED', { message: 'an ephemeral channel takes send(), which is not retried' })
    }
    const data = await checked(schema, draft.data, this.logger, { channel: draft.channel })
    if ('error' in data) return data.error
    const verdict = await this.judged(resolved, session, draft, data.value)
    if (isWireError(verdict)) return verdict
    if (!holds()) return wireError('SUPERSEDED')
    // A user finds the keys of all of its own clients, and nobody else's; an anonymous client finds its own.
    const scope = session.user === null ? [null, session.producer] : [session.user]
    return this.store(resolved, draft, verdict.data, { from: session.from, scope, isWanted: holds })
  }

  private async unruled(resolved: ResolvedChannel | WireError, draft: Draft): Promise<PublishOutcome | WireError> {
    if (isWireError(resolved)) return resolved
    const { mode, schema } = resolved.declaration
    if (mode === 'ephemeral' && draft.key !== undefined) {
      return wireError('UNSUPPORTED', { message: 'an ephemeral channel keeps nothing by which to know a key again' })
    }
    const data = await checked(schema, draft.data, this.logger, { channel: draft.channel })
    return 'error' in data ? data.error : this.store(resolved, draft, data.value, SERVER)
  }

  private async judged(
    { declaration, params }: DeclaredChannel,
    session: Session,
    { channel, meta }: Draft,
    data: Data,
  ): Promise<{ readonly data: Data } | WireError> {
    try {
      const asked = { channel, data, meta, ...session.asker }
      const verdict: PublishVerdict = await declaration.publish(asked, params)
      // A rule that returns nothing, as one can in JavaScript, has not said yes.
      if (!verdict) return wireError('FORBIDDEN')
      if (verdict === true) return { data }
      return 'refuse' in verdict ? wireError('REFUSED', { message: verdict.refuse }) : { data: verdict.data }
    } catch (error) {
      this.logger.error('publish rule failed', { channel, error })
      return wireError('INTERNAL')
    }
  }

  private async store(
    { name: channel, declaration: { mode, retention } }: ResolvedChannel,
    draft: Draft,
    data: Data,
    { from, scope, isWanted }: Author,
  ): Promise<PublishOutcome | WireError> {
    const payload = toJson(data)
    if (payload === undefined) return wireError('INVALID_DATA', { message: 'the data cannot be written as JSON' })
    // Characters are counted only where that could be too many bytes.
    if (payload.length * 3 > retention.bytes && utf8Bytes(payload) > retention.bytes) return wireError('TOO_LARGE')
    const { id, meta, epoch, number } = draft
    const key = draft.key === undefined ? undefined : JSON.stringify([draft.key, ...scope])
    try {
      if (mode === 'ephemeral')
        return await this.relay(channel, { offset: 0, id, at: this.clock.date(), payload, from, meta })
      return await this.broker.publish({ channel, id, payload, from, meta, key, epoch, number, retention, isWanted })
    } catch (error) {
      if (isBackendFull(error)) return wireError('UNAVAILABLE', { message: error.message })
      this.logger.error('broker failed', { channel, operation: 'publish', error })
      return wireError('UNAVAILABLE')
    }
  }

  private async relay(channel: string, publication: StoredPublication): Promise<PublishOutcome> {
    await this.broker.relay(channel, publication)
    return { kind: 'stored', id: publication.id, position: NULL_POSITION }
  }
}
