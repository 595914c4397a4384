/** The most that are gathered. */
export const MOST = 64
/** Time from one trial to the next, in milliseconds: doubled while trials fail. */
const TRIAL_MS = { least: 32, most: 1_024 }

/**
 * How many publishes of a channel it is worth to wait for. Whoever publishes without waiting for answers is gathered:
 * more of it comes while the first waits. Whoever waits for each answer before publishing again sends nothing meanwhile, and
 * would only be held up. Which of the two it is shows when one group in a while is given time to become larger.
 */
export class Gathering {
  /** How many a group should have; 1: nobody waits. */
  wanted = 1
  private trialAt = 0
  private trialMs = TRIAL_MS.least
  /** What was wanted before the trial that runs. */
  private proven: number | undefined

  /** A group begins. */
  begin(now: number): void {
    if (now < this.trialAt || this.proven !== undefined) return
    this.proven = this.wanted
    this.wanted = Math.min(MOST, this.wanted * 2)
  }

  /** As many came as were wanted. */
  filled(now: number): void {
    if (this.proven === undefined) return
    this.proven = undefined
    this.trialMs = TRIAL_MS.least
    this.trialAt = this.wanted < MOST ? now : now + this.trialMs
  }

  /** The group had to leave with fewer. */
  short(size: number, now: number): void {
    if (this.proven === undefined) {
      this.wanted = Math.max(size, this.wanted - 1)
      this.trialMs = TRIAL_MS.least
    } else {
      this.wanted = Math.max(size, this.proven)
      this.proven = undefined
      this.trialMs = Math.min(TRIAL_MS.most, this.trialMs * 2)
    }
    this.trialAt = now + this.trialMs
  }
}
