/** Something that will happen; pass it to {@link VirtualTime.cancel}. */
export interface Appointment {
  readonly at: number
  readonly order: number
  readonly action: () => void
  cancelled: boolean
}

/**
 * Time that passes only when everything due has happened. Appointments of the same moment happen in the order they were
 * made, and between two of them all promises that can settle do: so one seed gives one history.
 */
export class VirtualTime {
  /** Milliseconds since the run began. */
  now = 0
  private order = 0
  private readonly heap: Appointment[] = []

  /** Has something happen after a delay, never inside the call that asked for it. */
  after(delayMs: number, action: () => void): Appointment {
    const appointment = { at: this.now + Math.max(0, delayMs), order: this.order++, action, cancelled: false }
    this.push(appointment)
    return appointment
  }

  /** Has an appointment not happen. */
  cancel(appointment: Appointment): void {
    appointment.cancelled = true
  }

  /** Lets time pass up to a moment. */
  async runUntil(endMs: number): Promise<void> {
    for (;;) {
      const next = this.heap[0]
      if (!next || next.at > endMs) break
      this.pop()
      if (next.cancelled) continue
      this.now = next.at
      next.action()
      await settled()
    }
    this.now = endMs
  }

  private push(appointment: Appointment): void {
    const { heap } = this
    let i = heap.length
    heap.push(appointment)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (!above || isBefore(above, appointment)) break
      heap[i] = above
      i = parent
    }
    heap[i] = appointment
  }

  private pop(): void {
    const { heap } = this
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let i = 0
    for (;;) {
      const left = heap[2 * i + 1]
      const right = heap[2 * i + 2]
      const child = right && left && isBefore(right, left) ? right : left
      if (!child || isBefore(last, child)) break
      heap[i] = child
      i = child === left ? 2 * i + 1 : 2 * i + 2
    }
    heap[i] = last
  }
}

function isBefore(a: Appointment, b: Appointment): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Resolves when every promise that could settle has: promises run before the next turn of the loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
