import type { ConnUp, PubOk, Recorded } from '../events.js'
import { type Loss, lossesOf } from '../losses.js'
import type { ResolvedOptions } from '../options.js'
import { showPosition } from '../position.js'
import { countUpTo, groupBy } from '../recorded.js'
import type { Stream } from '../stream.js'
import type { Channel, Timeline } from '../timeline.js'
import { sample, type Violation, violation } from '../violation.js'

/** Time from when a server asks the log for what was undone until its client is connected, at most. */
const ASKING_MS = 1_000

/**
 * Rule 6: an acknowledged publish that is absent from the final log was lost by a lossy fault, and its publisher and
 * everyone who received it were told; who received an absent message that was never acknowledged is told as well.
 */
export function* losses(timeline: Timeline, options: ResolvedOptions): Iterable<Violation> {
  const lossy = timeline.faults.filter(({ event }) => options.lossyFaults.has(event.kind))
  const inVain = timeline.faults.flatMap(({ event: { at, until } }) => (until === undefined ? [] : [{ at, until }]))
  const contacts: Contacts = {
    connUps: groupBy(
      // What was undone is asked for with the connect. It is asked for again with the next publish, and the next connect.
      timeline.connUps.filter(
        ({ event }) => !inVain.some(({ at, until }) => at <= event.at && until > event.at - ASKING_MS),
      ),
      ({ client }) => client,
    ),
    lastLossy: lossy.at(-1)?.index ?? Infinity,
    end: timeline.end?.index ?? Infinity,
  }
  for (const channel of timeline.channels) {
    const lost = lossesOf(channel)
    for (const loss of lost) {
      if (loss.withinLog) yield wrong(channel, loss, 'is absent, though its lineage says that the log has it')
      else if (!lossy.length) yield wrong(channel, loss, 'is absent, though no fault may have lost it')
    }
    yield* untoldPublishers(channel, lost, contacts, options.publisherMemory)
    for (const stream of channel.streams) yield* untoldSubscriber(channel, stream)
  }
}

function wrong(channel: Channel, { publish, ok }: Loss, message: string, contact?: Recorded): Violation {
  const who = `"${publish.id}" of ${publish.publisher}, acknowledged at ${showPosition(ok.event.position)},`
  return violation(6, { channel: channel.name }, `${who} ${message}`, [ok, contact])
}

interface Contacts {
  readonly connUps: ReadonlyMap<string, readonly Recorded<ConnUp>[]>
  readonly lastLossy: number
  readonly end: number
}

/** A publisher is owed the news once its client has reached a server after the loss, if it still remembered the publish. */
function* untoldPublishers(
  channel: Channel,
  lost: readonly Loss[],
  contacts: Contacts,
  memory: number,
): Iterable<Violation> {
  if (!lost.length) return
  const told = toldAt(channel)
  const acks = groupBy(channel.acks, ({ publisher }) => publisher)
  const surviving = groupBy(
    channel.acks.filter(({ event }) => channel.log.keeps(event.position)),
    ({ publisher }) => publisher,
  )
  for (const loss of lost) {
    const { publisher, id, invokes } = loss.publish
    // A server's own: nobody tells it.
    if (invokes[0]?.event.isKeyed) continue
    if ((told.get(publisher)?.get(id) ?? -1) > loss.ok.index) continue
    const contact = firstContact(channel, loss, surviving.get(publisher) ?? [], contacts)
    if (!contact || contact.index > contacts.end) continue
    const own = acks.get(publisher) ?? []
    // A client may remember the reply that brings the news before it looks for what was lost: it counts with the rest.
    if (countUpTo(own, contact.index) - countUpTo(own, loss.ok.index) >= memory) continue
    yield wrong(channel, loss, 'was lost; its publisher reached a server since and was not told', contact)
  }
}

/**
 * Two things prove that a client reached a server after the loss: a `conn.up` after the last lossy fault, for of
 * several faults any may be the one that lost it, with a log that could be asked; or a reply out of the surviving history to a call that was made after
 * the lost acknowledgement.
 */
function firstContact(
  { publishes }: Channel,
  { publish, ok }: Loss,
  surviving: readonly Recorded<PubOk>[],
  { connUps, lastLossy }: Contacts,
): Recorded | undefined {
  const ups = connUps.get(publish.publisher) ?? []
  const up = ups[countUpTo(ups, Math.max(lastLossy, ok.index))]
  let next = countUpTo(surviving, ok.index)
  let reply = surviving[next]
  while (reply && (publishes.get(reply.event.id)?.invokes[0]?.index ?? -1) < ok.index) reply = surviving[++next]
  return up && reply ? (up.index < reply.index ? up : reply) : (up ?? reply)
}

/** When each publisher was last told that an id is gone. */
function toldAt({ rollbacks }: Channel): Map<string, Map<string, number>> {
  const told = new Map<string, Map<string, number>>()
  for (const { index, event } of rollbacks) {
    const ids = told.get(event.publisher) ?? new Map<string, number>()
    told.set(event.publisher, ids)
    for (const id of event.ids) ids.set(id, index)
  }
  return told
}

/**
 * A subscription that lived to the end must hold nothing that was lost. One that ended may not have heard of it yet,
 * unless it had gone on to messages of the surviving history: those come after the loss.
 */
function* untoldSubscriber({ name, log, publishes }: Channel, stream: Stream): Iterable<Violation> {
  let crossed = Infinity
  if (stream.closed) {
    crossed = -1
    for (const { index, event } of stream.held) if (log.keeps(event.position)) crossed = index
  }
  const gone = stream.held.filter(({ index, event }) => {
    return index < crossed && !log.keeps(event.position) && log.offsetOf(event.id) === undefined
  })
  const first = gone[0]
  if (!first) return
  const ids = gone.map(({ event }) => event.id)
  const message = `received what the store lost, and was not told: ${sample(ids)}`
  const evidence = [publishes.get(first.event.id)?.ok, ...gone]
  yield violation(6, { subscriber: stream.subscriber, channel: name }, message, evidence)
}
