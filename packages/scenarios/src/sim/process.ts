import type { Clock as ClientClock } from '@org/realtime-client'
import type { Clock as ServerClock } from '@org/realtime-server'
import type { Appointment } from '@org/realtime-protocol/testing'
import type { VirtualTime } from './virtual-time.js'

/** The date at which every run begins. */
const EPOCH_MS = Date.UTC(2030, 0, 1)

/**
 * An operating-system process in virtual time: what its code asked to be called back for happens only while it lives,
 * and waits while it is stopped. A killed process does nothing more, not even tidy up.
 */
export class Process {
  private state: 'running' | 'stopped' | 'dead' = 'running'
  private readonly delayed: Array<() => void> = []

  constructor(readonly time: VirtualTime) {}

  /** Whether it was killed. */
  get isDead(): boolean {
    return this.state === 'dead'
  }

  /** Does something in the process: now, when it is continued, or never. */
  run(action: () => void): void {
    if (this.state === 'running') action()
    else if (this.state === 'stopped') this.delayed.push(action)
  }

  /** Does something in the process after a delay. */
  after(delayMs: number, action: () => void): Appointment {
    return this.time.after(delayMs, () => this.run(action))
  }

  /** SIGKILL. */
  kill(): void {
    this.state = 'dead'
    this.delayed.length = 0
  }

  /** SIGSTOP, and SIGCONT after a while. */
  stopFor(durationMs: number): void {
    if (this.state !== 'running') return
    this.state = 'stopped'
    this.time.after(durationMs, () => {
      if (this.state !== 'stopped') return
      this.state = 'running'
      for (const action of this.delayed.splice(0)) this.run(action)
    })
  }

  /** The clock of a server in this process. */
  serverClock(): ServerClock {
    return {
      ...this.clientClock(),
      date: () => EPOCH_MS + Math.floor(this.time.now),
      soon: (action) => void this.after(0, action),
    }
  }

  /** The clock of a client in this process. */
  clientClock(): ClientClock {
    return {
      now: () => this.time.now,
      setTimer: (action, delayMs) => this.after(delayMs, action),
      clearTimer: (timer) => {
        if (timer) this.time.cancel(timer as Appointment)
      },
    }
  }
}
