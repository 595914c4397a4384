import type { Direction, ProxiedLink } from '../../fault-proxy/index.js'

/** What becomes of the bytes of a link from some time on. */
export type Watched = Pick<ProxiedLink, 'harmed'>

/** Watches a link from now on: one that lives long may have been harmed in an earlier round. */
export function watched(link: ProxiedLink): Watched {
  const before = { up: { ...link.harmed('up') }, down: { ...link.harmed('down') } }
  return {
    harmed(direction: Direction) {
      const { lost, held, late } = link.harmed(direction)
      const then = before[direction]
      return { lost: lost - then.lost, held: held - then.held, late: late - then.late }
    },
  }
}
