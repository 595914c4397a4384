import type { Sender } from '@org/realtime-protocol'
import type { HeldSession } from '../ports/index.js'
import type { Identity } from './declarations.js'
import { KeptSubscriptions } from './kept-subscriptions.js'

/** Who is at the other end of a link: an identity that outlives links. This node holds it while a link of it is here. */
export class Session implements HeldSession {
  /** What subscribers see of whoever publishes here. */
  readonly from: Sender

  constructor(
    readonly id: string,
    /** Counts the claims of the session; the highest one holds it. */
    readonly owner: number,
    /** Digest of the token that resumes it. */
    readonly digest: string,
    /** What `authenticate` returned last. Another one takes its place with another token, always of the same user. */
    public identity: Identity | null,
    /** The client's producer id, scoped by its user, so that nobody uses up another user's numbers. */
    readonly producer: string,
    /** The channels that the server subscribed it to. */
    readonly kept: KeptSubscriptions = new KeptSubscriptions(),
  ) {
    this.from = { user: this.user, session: id }
  }

  get subscriptions(): readonly string[] {
    return this.kept.names
  }

  get user(): string | null {
    return this.identity?.id ?? null
  }
}
