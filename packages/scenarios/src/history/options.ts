/** What presence is held to, in ms. */
export interface PresenceTimes {
  /** How long a member may stay after its last link has ended, whatever ended it. Default 72,000: TTL and grace. */
  readonly withinMs: number
  /** Time that a client which has reached a server needs to enter, and a change to be told. Default 2,500. */
  readonly settleMs: number
  /** Time after the end of a link for which its session stays. Default 12,000. */
  readonly graceMs: number
  /** Kinds of `fault` that keep servers from the store or from their work, so that they may take a member for dead. */
  readonly disabling: readonly string[]
  /** Kinds of `fault` that go on for a while, and how long. While one does, a reconnect may take longer. */
  readonly lasting: readonly string[]
  readonly lastingMs: number
  /**
   * Whether the grace is longer than any outage in the history: then nobody is told as gone who did not ask to go, unless
   * its client ended. Default `false`: only the changes of the store are judged.
   */
  readonly graceOutlastsFaults: boolean
}

export interface CheckOptions {
  /** Kinds of `fault` that may lose stored data. Default: none, so every loss and every gap that tells one is wrong. */
  readonly lossyFaults?: readonly string[]
  /**
   * Whether messages may leave the log before a subscriber has them, so that `trimmed` and `slow` gaps need no proof.
   * Default `false`: such a gap must name messages that the final log no longer holds.
   */
  readonly mayTrim?: boolean
  /** How long an older link of a session may outlive the opening of a newer one, in ms. Default 1000. */
  readonly supersedeWithinMs?: number
  /** How many acknowledged publishes per channel a client remembers, to tell their loss. Default 100 (DESIGN.md §6). */
  readonly publisherMemory?: number
  readonly presence?: Partial<PresenceTimes>
}

export interface ResolvedOptions {
  readonly lossyFaults: ReadonlySet<string>
  readonly mayTrim: boolean
  readonly supersedeWithinMs: number
  readonly publisherMemory: number
  readonly presence: PresenceTimes
}

export function resolveOptions(options: CheckOptions): ResolvedOptions {
  return {
    lossyFaults: new Set(options.lossyFaults),
    mayTrim: options.mayTrim ?? false,
    supersedeWithinMs: options.supersedeWithinMs ?? 1000,
    publisherMemory: options.publisherMemory ?? 100,
    presence: {
      withinMs: 72_000,
      settleMs: 2_500,
      graceMs: 12_000,
      disabling: [],
      lasting: [],
      lastingMs: 0,
      graceOutlastsFaults: false,
      ...options.presence,
    },
  }
}
