import type { EndedEpoch, GapReason, HistoryEvent, Position, Since } from '../../src/history/index.js'

export type Unstamped = HistoryEvent extends infer E ? (E extends HistoryEvent ? Omit<E, 'at'> : never) : never

const channel = 'c'

/** `at('e1', 7)` */
export const at = (epoch: string, offset: number): Position => ({ epoch, offset })
export const nowhere = at('', 0)

/** Stamps handwritten events, 10 ms apart. */
export function record(...parts: readonly (Unstamped | readonly Unstamped[])[]): HistoryEvent[] {
  return parts.flat().map((event, i) => ({ ...event, at: (i + 1) * 10 }))
}

// Short forms of the events, on one channel.

export const invoke = (id: string, publisher = 'p'): Unstamped => ({ type: 'pub.invoke', publisher, channel, id })

/** A publish of a server's own. */
export const keyed = (id: string): Unstamped => {
  return { type: 'pub.invoke', publisher: 'servers', channel, id, isKeyed: true }
}

export const ok = (id: string, position: Position, publisher = 'p'): Unstamped => {
  return { type: 'pub.ok', publisher, channel, id, position }
}

export const unknown = (id: string): Unstamped => {
  return { type: 'pub.unknown', publisher: 'p', channel, id, code: 'TIMEOUT' }
}

export const fail = (id: string): Unstamped => {
  return { type: 'pub.fail', publisher: 'p', channel, id, code: 'FORBIDDEN' }
}

/** A publish that was called and acknowledged. */
export const publish = (id: string, position: Position): Unstamped[] => [invoke(id), ok(id, position)]

export const subscribe = (position: Position, requested?: Since, subscriber = 's'): Unstamped => {
  return { type: 'sub.ok', subscriber, channel, position, ...(requested === undefined ? {} : { requested }) }
}

export const unsubscribe = (subscriber = 's'): Unstamped => ({ type: 'sub.end', subscriber, channel })

export const restart = (from: Position): Unstamped => ({ type: 'sub.restart', subscriber: 's', channel, from })

export const deliver = (id: string, position: Position, subscriber = 's'): Unstamped => {
  return { type: 'deliver', subscriber, channel, id, position }
}

export const gap = (reason: GapReason, from: number, to: number, position: Position, subscriber = 's'): Unstamped => {
  return { type: 'gap', subscriber, channel, reason, from, to, position }
}

export const rebase = (from: string, end: number, to: string): Unstamped => {
  return { type: 'rebase', subscriber: 's', channel, from, end, to }
}

export const rolledBack = (id: string, publisher = 'p'): Unstamped => {
  return { type: 'rollback', publisher, channel, ids: [id] }
}

export const fault = (kind: string): Unstamped => ({ type: 'fault', kind })

export const connUp = (client = 'p', node = 'n'): Unstamped => {
  return { type: 'conn.up', client, session: 'x', node, link: 'l' }
}

/** A history that was given up; of two that were served at once, only by some nodes. */
export const undone = (head: Position, ended: readonly EndedEpoch[], nodes?: readonly string[]): Unstamped => {
  return { type: 'undone', channel, head, ended, ...(nodes && { nodes }) }
}

/** The log keeps so many messages. */
export const retained = (messages: number): Unstamped => ({ type: 'retention', channel, messages })

export const linkOpen = (link: string): Unstamped => ({ type: 'link.open', node: 'n', session: 'x', link })

export const linkClose = (link: string): Unstamped => ({ type: 'link.close', node: 'n', session: 'x', link })

export const end: Unstamped = { type: 'end' }

/** The end and the dump of the log: ids from offset `first` on, and the epochs that it continues. */
export function finalLog(
  epoch: string,
  ids: readonly string[],
  { first = 1, ended = [] }: { readonly first?: number; readonly ended?: readonly EndedEpoch[] } = {},
): Unstamped[] {
  const entries = ids.map((id, i) => ({ offset: first + i, id }))
  const head = at(epoch, first + ids.length - 1)
  return [end, { type: 'log', channel, epoch, entries, head }, { type: 'lineage', channel, epoch, ended }]
}
