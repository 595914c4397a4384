import type { Sender, WireError } from '@org/realtime-protocol'
import type { HeldSession, Kept } from '../ports/index.js'
import type { Identity } from './declarations.js'
import { attributesOf, type Attributes } from './attributes.js'
import { KeptState, type KeptHouse } from './kept-state.js'
import { operationNumber } from './operation-number.js'

/** Who is at the other end of a link: an identity that outlives links. This node holds it while a link of it is here. */
export class Session implements HeldSession {
  private sender: Sender | undefined
  /** How often something was taken from it that a rule had allowed. What was allowed before does not count then. */
  revocations = 0
  /** Whether it was ended for good. */
  isOver = false
  private state: KeptState | undefined
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
    /** What the server keeps with it, as its record had it. */
    kept: Kept = {},
  ) {
    if ((kept.subscriptions ?? []).length > 0 || kept.attributes !== undefined) this.state = new KeptState(kept)
  }

  /** What subscribers see of whoever publishes here. Most sessions never do. */
  get from(): Sender {
    return (this.sender ??= { user: this.user, session: this.id })
  }

  /** What the server keeps with it. With most sessions that is nothing, and then nothing is held for it. */
  get kept(): KeptState {
    return (this.state ??= new KeptState())
  }

  /**
   * A number for an operation on presence of this owner of the session: higher than those before it.
   *
   * @param date The time of day.
   */
  nextNumber(date: number): number {
    return (this.lastNumber = operationNumber(this.lastNumber, date))
  }

  /** Number of the latest write of what is kept with it. */
  get number(): number {
    return this.state?.number ?? 0
  }

  get subscriptions(): readonly string[] {
    return this.state?.subscriptions ?? []
  }

  get attributes(): string | undefined {
    return this.state?.attributes
  }

  /** Keeps a channel no longer. See {@link KeptState.remove}. */
  drop(channel: string, house: KeptHouse): Promise<WireError | undefined> | undefined {
    return this.state?.remove(channel, this, house)
  }

  /** Whether the server has subscribed it to a channel. */
  isKept(channel: string): boolean {
    return this.state?.has(channel) ?? false
  }

  /** The store may have lost what is kept. */
  doubt(): void {
    this.state?.doubt()
  }

  /** Whether the record may hold something else than is kept. */
  get isUnsure(): boolean {
    return this.state?.isUnsure ?? false
  }

  /** Writes again what the record may not hold. */
  rewrite(house: KeptHouse): Promise<WireError | undefined> | undefined {
    return this.state?.write(this, house)
  }

  /** Who asks, as rules and methods are told. */
  get asker(): { readonly user: Identity | null; readonly session: string; readonly attributes: Attributes } {
    return { user: this.identity, session: this.id, attributes: this.state?.values ?? attributesOf(undefined) }
  }

  get user(): string | null {
    return this.identity?.id ?? null
  }
}
