import type { Link } from './door.js'
import type { Census } from './instruments.js'
import type { Node } from './node.js'

/** Counts what a node holds at the moment. */
export function takeCensus({ door, registry, hub, presence, writer, isDegraded }: Node): Census {
  const links = [...door.links]
  const sum = (of: (link: Link) => number) => links.reduce((total, link) => total + of(link), 0)
  return {
    connections: links.length,
    sessions: registry.size,
    channels: hub.size,
    subscriptions: sum(({ subscriptions }) => subscriptions.size),
    members: presence.attendances.present,
    presence: presence.counts,
    queuedBytes: sum(({ queuedBytes }) => queuedBytes),
    receivedBytes: sum(({ receivedBytes }) => receivedBytes),
    sent: writer.sent,
    degraded: Number(isDegraded),
  }
}
