import { checkHistory, type HistoryEvent, type LogDump, type Verdict } from '../history/index.js'
import { LOSSY_FAULTS } from './faults/index.js'
import type { Dump } from './protocol.js'
import { TrueLineage, type Fork } from './true-lineage.js'
import type { UndoneLog } from './undoing.js'

/** What is known of a round that is over. */
export interface Findings {
  /** What clients and servers did and were told. */
  readonly history: readonly HistoryEvent[]
  /** What the store has of each channel in the end. */
  readonly logs: ReadonlyMap<string, Dump>
  /** Those of them that are logs. */
  readonly rooms: readonly string[]
  /** What the store had, and gave up. */
  readonly undone: readonly UndoneLog[]
}

/** Judges a round: how its epochs belong together is found out first. */
export function judge(
  { history, logs, rooms, undone }: Findings,
  { at, isTorn }: { readonly at: number; readonly isTorn: boolean },
): Verdict {
  const whole = [...history]
  for (const [channel, { head, entries }] of logs) {
    const dump: LogDump = { at, type: 'log', channel, epoch: head.epoch, entries, head }
    whole.push(dump)
    if (!rooms.includes(channel)) continue
    const own = history.filter((event) => 'channel' in event && event.channel === channel)
    const former = undone.filter((log) => log.channel === channel)
    const forks = former.map((log): Fork => ({ epoch: log.head.epoch, offset: log.fork }))
    const lineage = new TrueLineage(own, dump, forks)
    history.forEach((event, i) => {
      if (event.type === 'rebase' && event.channel === channel) whole[i] = { ...event, end: lineage.endOf(event) }
    })
    whole.push({ at, type: 'lineage', channel, epoch: head.epoch, ended: lineage.ended() })
    for (const log of former) {
      const ended = new TrueLineage(own, log, forks).ended()
      whole.push({ at, type: 'undone', channel, head: log.head, ended, nodes: log.nodes })
    }
  }
  // Everything has come right when the audit is made, and the grace is longer than any outage of a round.
  return checkHistory(whole, { lossyFaults: LOSSY_FAULTS, presence: { settleMs: 0, graceOutlastsFaults: !isTorn } })
}
