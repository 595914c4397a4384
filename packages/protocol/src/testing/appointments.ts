/** Something that will happen. */
export interface Appointment {
  /** Its moment, in milliseconds. */
  readonly at: number
  /** Its place among those of one moment. */
  readonly order: number
  /** What will happen. */
  readonly callback: () => void
  /** Whether it happened or was taken out. */
  isOver: boolean
}

/** What will happen, by its moment, and within a moment in the order in which it was asked for. A binary heap. */
export class Appointments {
  private count = 0
  private order = 0
  private readonly heap: Appointment[] = []

  /** How many are still to come. */
  get size(): number {
    return this.count
  }

  /** The one that comes next. */
  get first(): Appointment | undefined {
    while (this.heap[0]?.isOver) this.pop()
    return this.heap[0]
  }

  /** Puts one in. */
  add(at: number, callback: () => void): Appointment {
    const appointment = { at, order: this.order++, callback, isOver: false }
    this.count += 1
    this.push(appointment)
    return appointment
  }

  /** Takes one out. Does nothing when it is out. */
  cancel(appointment: Appointment): void {
    if (appointment.isOver) return
    appointment.isOver = true
    this.count -= 1
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
