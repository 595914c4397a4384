/** Counts things by kind. Kinds come from closed lists: codes, reasons, names of limits. */
export class Tally {
  private readonly counts = new Map<string, number>()

  /** What was counted so far, by kind. */
  get parts(): ReadonlyMap<string, number> {
    return this.counts
  }

  /** Counts one more. */
  add(kind: string, count = 1): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + count)
  }
}
