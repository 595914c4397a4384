/**
 * Says how things are, whenever they change: one saying after the other, so that the last one stands. What changes several
 * times meanwhile is said once.
 */
export class Announcer {
  private isDue = false
  private isSaying = false

  /** @param say Says how things are now. Never rejects: what could not be said is said with the next change. */
  constructor(private readonly say: () => Promise<void>) {}

  /** Things have changed. */
  changed(): void {
    this.isDue = true
    if (!this.isSaying) void this.run()
  }

  private async run(): Promise<void> {
    this.isSaying = true
    while (this.isDue) {
      this.isDue = false
      await this.say()
    }
    this.isSaying = false
  }
}
