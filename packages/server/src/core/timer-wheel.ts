import type { Clock, Timer } from '../ports/index.js'

/** Something the wheel calls. Returns the delay in milliseconds until the next call, or nothing to be forgotten. */
export interface WheelTask {
  turn(): number | undefined
}

/**
 * One timer for the deadlines of all links. A task runs at its time or up to one tick later. Ten thousand links cost
 * one set entry each, no timers and no closures.
 */
export class TimerWheel {
  private readonly slots = new Map<number, Set<WheelTask>>()
  private readonly slotOf = new Map<WheelTask, number>()
  private timer: Timer
  private wakeAt = 0
  private last = 0
  private waited = false

  constructor(
    private readonly clock: Clock,
    private readonly tickMs: number,
  ) {}

  /** Runs a task after a delay; a task that was scheduled before is moved. */
  schedule(task: WheelTask, delayMs: number): void {
    this.cancel(task)
    const now = this.clock.now()
    if (this.slotOf.size === 0) {
      this.last = Math.floor(now / this.tickMs)
      this.arm()
    }
    const slot = Math.max(Math.ceil((now + delayMs) / this.tickMs), this.last + 1)
    this.slotOf.set(task, slot)
    const tasks = this.slots.get(slot)
    if (tasks) tasks.add(task)
    else this.slots.set(slot, new Set([task]))
  }

  /** Forgets a task. */
  cancel(task: WheelTask): void {
    const slot = this.slotOf.get(task)
    if (slot === undefined) return
    this.slotOf.delete(task)
    const tasks = this.slots.get(slot)
    tasks?.delete(task)
    if (tasks?.size === 0) this.slots.delete(slot)
  }

  /** Forgets all tasks. */
  stop(): void {
    this.slots.clear()
    this.slotOf.clear()
    this.clock.clearTimer(this.timer)
  }

  private arm(): void {
    this.clock.clearTimer(this.timer)
    // Where a slot begins, so that no task waits for longer than one tick.
    const now = this.clock.now()
    this.wakeAt = (Math.floor(now / this.tickMs) + 1) * this.tickMs
    this.timer = this.clock.setTimer(() => this.tick(), this.wakeAt - now)
  }

  private tick(): void {
    // A process that was suspended finds its timers due before it has read what its peers sent meanwhile. It waits for
    // one tick, once, or it would take them for dead.
    this.waited = !this.waited && this.clock.now() - this.wakeAt > this.tickMs
    if (this.waited) return this.arm()
    const now = Math.floor(this.clock.now() / this.tickMs)
    const due = [...this.slots.keys()].filter((slot) => slot <= now).sort((a, b) => a - b)
    this.last = now
    for (const slot of due) {
      const tasks = this.slots.get(slot)
      this.slots.delete(slot)
      for (const task of tasks ?? []) {
        // A task that ran before may have moved or cancelled this one.
        if (this.slotOf.get(task) !== slot) continue
        this.slotOf.delete(task)
        const delayMs = task.turn()
        if (delayMs !== undefined) this.schedule(task, delayMs)
      }
    }
    if (this.slotOf.size > 0) this.arm()
  }
}
