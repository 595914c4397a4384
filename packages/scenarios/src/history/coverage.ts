/** A set of whole numbers kept as ranges: cheap while numbers come in order, right when they do not. */
export class Coverage {
  private readonly ranges: { from: number; to: number }[] = []

  add(from: number, to = from): void {
    if (to < from) return
    const last = this.ranges.at(-1)
    if (last && from >= last.from && from <= last.to + 1) last.to = Math.max(last.to, to)
    else this.ranges.push({ from, to })
  }

  /** The ranges of `from`..`to` that are not covered, in order. */
  *holes(from: number, to: number): Iterable<{ readonly from: number; readonly to: number }> {
    let next = from
    for (const range of this.ranges.sort((a, b) => a.from - b.from)) {
      if (range.from > to) break
      if (range.from > next) yield { from: next, to: range.from - 1 }
      next = Math.max(next, range.to + 1)
    }
    if (next <= to) yield { from: next, to }
  }
}
