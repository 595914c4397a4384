import type { PubOk, Recorded } from './events.js'
import type { Channel, Publish } from './timeline.js'

/** A publish that was acknowledged and is not in the final log, though no trimming explains it. */
export interface Loss {
  readonly publish: Publish
  readonly ok: Recorded<PubOk>
  /** The lineage says that the log has it: no fault explains that. */
  readonly withinLog: boolean
}

/**
 * Acknowledged, and absent: its position is no prefix of the final log (FinalLog says why that is "lost" and a prefix
 * below the first kept offset is "trimmed"), or it is one at or above the first kept offset and the log has no entry
 * there. An entry of the same id elsewhere in the log is no loss; an entry of another id at its place is disagreement.
 */
export function lossesOf({ publishes, log }: Channel): Loss[] {
  const losses: Loss[] = []
  for (const publish of publishes.values()) {
    const { id, ok } = publish
    if (!ok || log.offsetOf(id) !== undefined) continue
    const withinLog = log.keeps(ok.event.position)
    if (withinLog && ok.event.position.offset < log.first) continue
    if (withinLog && log.idAt(ok.event.position.offset) !== undefined) continue
    losses.push({ publish, ok, withinLog })
  }
  return losses
}
