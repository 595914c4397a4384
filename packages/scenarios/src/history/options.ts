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
}

export interface ResolvedOptions {
  readonly lossyFaults: ReadonlySet<string>
  readonly mayTrim: boolean
  readonly supersedeWithinMs: number
  readonly publisherMemory: number
}

export function resolveOptions(options: CheckOptions): ResolvedOptions {
  return {
    lossyFaults: new Set(options.lossyFaults),
    mayTrim: options.mayTrim ?? false,
    supersedeWithinMs: options.supersedeWithinMs ?? 1000,
    publisherMemory: options.publisherMemory ?? 100,
  }
}
