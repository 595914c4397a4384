import { Appointments, type Appointment } from '@org/realtime-protocol/testing'

/**
 * Time that passes only when everything due has happened. Appointments of the same moment happen in the order they were
 * made, and between two of them all promises that can settle do: so one seed gives one history.
 */
export class VirtualTime {
  /** Milliseconds since the run began. */
  now = 0
  private readonly appointments = new Appointments()

  /** Has something happen after a delay, never inside the call that asked for it. */
  after(delayMs: number, action: () => void): Appointment {
    return this.appointments.add(this.now + Math.max(0, delayMs), action)
  }

  /** Has an appointment not happen. */
  cancel(appointment: Appointment): void {
    this.appointments.cancel(appointment)
  }

  /** Lets time pass up to a moment. */
  async runUntil(endMs: number): Promise<void> {
    for (let next = this.appointments.first; next && next.at <= endMs; next = this.appointments.first) {
      this.cancel(next)
      this.now = next.at
      next.callback()
      await settled()
    }
    this.now = endMs
  }
}

/** Resolves when every promise that could settle has: promises run before the next turn of the loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
