import type { Remains } from './settled.js'

/** What has to be so by the end of a round: a fault that did not happen would show nothing. */
export class Proof {
  private readonly claims: Array<readonly [what: string, isSo: (remains: Remains) => boolean | Promise<boolean>]> = []

  /** Claims that something happened, as a sentence; it is looked into when everything has healed. */
  claim(what: string, isSo: (remains: Remains) => boolean | Promise<boolean>): void {
    this.claims.push([what, isSo])
  }

  /** The claims that did not come true. */
  async failed(remains: Remains): Promise<readonly string[]> {
    const wrong: string[] = []
    for (const [what, isSo] of this.claims) if (!(await isSo(remains))) wrong.push(what)
    return wrong
  }
}
