import type { Position, Rebase } from '@org/realtime-protocol'
import type { Turn } from './turn.js'

/** How many acknowledged publishes of a channel are remembered, and how long. */
const KEPT = 100
const KEPT_MS = 300_000

/** A publish that was acknowledged, and where it was stored. */
export interface Acknowledged {
  readonly id: string
  readonly offset: number
  readonly at: number
  epoch: string
}

/** Remembers a publish that was acknowledged. */
export function remember(list: Acknowledged[], id: string, { epoch, offset }: Position, now: number): void {
  list.push({ id, epoch, offset, at: now })
  while (list.length > KEPT || (list[0] && list[0].at < now - KEPT_MS)) list.shift()
}

/** Tells which of them the end of an epoch took away, and names the others in the epoch that goes on. PROTOCOL.md §5.3. */
export function roll(list: Acknowledged[], { from, end, to }: Rebase, channel: string, turn: Turn): void {
  const ids: string[] = []
  for (const entry of list.splice(0)) {
    const lost = entry.epoch === from && entry.offset > end
    if (lost) ids.push(entry.id)
    else list.push(entry.epoch === from ? { ...entry, epoch: to } : entry)
  }
  if (ids.length) turn.say('emit', 'rollback', { channel, ids }, channel)
}
