import type { GapReason } from '@org/realtime-protocol'
import type { FakeHub } from './fake-hub.js'

/** Has a gap happen in a log, and tells its subscribers. PROTOCOL.md §5.4. */
export function gap(hub: FakeHub, channel: string, reason: GapReason, count: number): void {
  const log = hub.log(channel)
  if (log.mode) throw new TypeError(`${channel} is no log: there is nothing to be told of`)
  const before = log.position
  if (reason === 'rollback') log.rollBack(count)
  else if (reason === 'epoch') log.reset()
  else log.skip(count)
  const { position } = log
  const { offset } = before
  const rebase = { from: before.epoch, end: position.offset, to: position.epoch }
  const frame = { type: 'gap', channel, position } as const
  for (const link of hub.subscribers(channel)) {
    if (reason === 'rollback') link.say({ ...frame, reason, from: position.offset + 1, to: offset, rebase })
    else if (reason === 'epoch') link.say({ ...frame, reason, from: offset, to: 1, rebase: { ...rebase, end: 0 } })
    else if (reason === 'unknown') link.say({ ...frame, reason, from: offset, to: position.offset + 1 })
    else link.say({ ...frame, reason, from: offset + 1, to: position.offset })
  }
}
