import type { Sender } from '@org/realtime-protocol'
import type { HeldSession } from '../ports/index.js'
import type { Identity } from './declarations.js'
import type { Attributes } from './attributes.js'
import { KeptState } from './kept-state.js'

/** Who is at the other end of a link: an identity that outlives links. This node holds it while a link of it is here. */
export class Session implements HeldSession {
  /** What subscribers see of whoever publishes here. */
  readonly from: Sender
  private lastNumber = 0

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
    /** What the server keeps with it. */
    readonly kept: KeptState = new KeptState(),
  ) {
    this.from = { user: this.user, session: id }
  }

  /**
   * A number for an operation of this owner of the session: higher than those before it.
   *
   * @param date The time of day.
   */
  nextNumber(date: number): number {
    this.lastNumber = Math.max(this.lastNumber + 1, Math.floor(date))
    return this.lastNumber
  }

  get subscriptions(): readonly string[] {
    return this.kept.subscriptions
  }

  get attributes(): string | undefined {
    return this.kept.attributes
  }

  /** Who asks, as rules and methods are told. */
  get asker(): { readonly user: Identity | null; readonly session: string; readonly attributes: Attributes } {
    return { user: this.identity, session: this.id, attributes: this.kept.values }
  }

  get user(): string | null {
    return this.identity?.id ?? null
  }
}
