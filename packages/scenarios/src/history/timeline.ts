import type {
  Bound,
  CallEvent,
  ClientEnd,
  ClientOver,
  ConnDown,
  ConnUp,
  Deliver,
  End,
  Fault,
  Heal,
  HistoryEvent,
  LineageDump,
  LinkClose,
  LinkOpen,
  LogDump,
  Mode,
  PresenceEvent,
  PubFail,
  PubInvoke,
  PubOk,
  PubRollback,
  PubUnknown,
  Recorded,
  SessionEnding,
  SessionOver,
  SubscriberEvent,
  Undone,
} from './events.js'
import { FinalLog } from './final-log.js'
import { Stream } from './stream.js'

/** One call of publish, and what became of it. */
export interface Publish {
  readonly id: string
  readonly publisher: string
  /** More than one is a fault of the record. None: nobody ever published this id here. */
  readonly invokes: Recorded<PubInvoke>[]
  readonly settles: Recorded<PubOk | PubFail | PubUnknown>[]
  ok?: Recorded<PubOk>
  fail?: Recorded<PubFail>
}

/** A history of a log that was given up, and the nodes that alone served it in the end, if there were others. */
export interface FormerLog {
  readonly log: FinalLog
  readonly nodes: readonly string[] | undefined
}

/** All that happened on one channel. */
export interface Channel {
  readonly name: string
  /** Absent: it is a log. */
  readonly mode: Mode | undefined
  readonly log: FinalLog
  /** How many messages the log keeps, where that is known. */
  readonly keeps: number | undefined
  readonly dump: Recorded<LogDump> | undefined
  /** Histories of it that others took over from. */
  readonly undone: readonly FormerLog[]
  readonly publishes: Map<string, Publish>
  /** All acknowledgements, in order. */
  readonly acks: Recorded<PubOk>[]
  /** All deliveries, also those outside a subscription, in order. */
  readonly deliveries: Recorded<Deliver>[]
  readonly rollbacks: Recorded<PubRollback>[]
  readonly streams: Stream[]
  /** Events of subscribers that belong to no subscription, and `sub.ok` in the middle of one. */
  readonly strays: Recorded<SubscriberEvent>[]
}

/** A history sorted once, so that every rule reads what it needs in one pass. */
export interface Timeline {
  /** The logs. */
  readonly channels: readonly Channel[]
  readonly latest: readonly Channel[]
  readonly ephemeral: readonly Channel[]
  readonly faults: readonly Recorded<Fault>[]
  readonly connUps: readonly Recorded<ConnUp>[]
  readonly links: readonly Recorded<LinkOpen | LinkClose>[]
  /** All that happened about presence, in order. */
  readonly presence: readonly Recorded<PresenceEvent>[]
  /** All that happened about calls, in order. */
  readonly calls: readonly Recorded<CallEvent>[]
  readonly connDowns: readonly Recorded<ConnDown>[]
  readonly clientEnds: readonly Recorded<ClientEnd>[]
  readonly clientOvers: readonly Recorded<ClientOver>[]
  readonly sessionEndings: readonly Recorded<SessionEnding>[]
  readonly sessionOvers: readonly Recorded<SessionOver>[]
  readonly heal: Recorded<Heal> | undefined
  readonly bounds: readonly Recorded<Bound>[]
  readonly end: Recorded<End> | undefined
  /** The last event, where a record without `end` breaks off. */
  readonly last: Recorded | undefined
}

export function readTimeline(history: readonly HistoryEvent[]): Timeline {
  const channelOf = channelTable(history)
  const faults: Recorded<Fault>[] = []
  const connUps: Recorded<ConnUp>[] = []
  const links: Recorded<LinkOpen | LinkClose>[] = []
  const presence: Recorded<PresenceEvent>[] = []
  const calls: Recorded<CallEvent>[] = []
  const connDowns: Recorded<ConnDown>[] = []
  const clientEnds: Recorded<ClientEnd>[] = []
  const clientOvers: Recorded<ClientOver>[] = []
  const sessionEndings: Recorded<SessionEnding>[] = []
  const sessionOvers: Recorded<SessionOver>[] = []
  const bounds: Recorded<Bound>[] = []
  let heal: Recorded<Heal> | undefined
  let end: Recorded<End> | undefined
  const open = new Map<Channel, Map<string, Stream>>()

  history.forEach((event, index) => {
    switch (event.type) {
      case 'pub.invoke':
      case 'pub.ok':
      case 'pub.fail':
      case 'pub.unknown':
        addPublish(channelOf(event.channel), event, index)
        return
      case 'rollback':
        channelOf(event.channel).rollbacks.push({ index, event })
        return
      case 'sub.ok':
      case 'sub.end':
      case 'sub.restart':
      case 'deliver':
      case 'gap':
      case 'rebase': {
        const channel = channelOf(event.channel)
        if (event.type === 'deliver') channel.deliveries.push({ index, event })
        let streams = open.get(channel)
        if (!streams) open.set(channel, (streams = new Map<string, Stream>()))
        addMove(channel, streams, event, index)
        return
      }
      case 'conn.up':
        connUps.push({ index, event })
        return
      case 'link.open':
      case 'link.close':
        links.push({ index, event })
        return
      case 'presence.call':
      case 'presence.settled':
      case 'presence.watch':
      case 'presence.unwatch':
      case 'presence.seen':
      case 'presence.told':
      case 'presence.change':
      case 'presence.base':
      case 'presence.audit':
        presence.push({ index, event })
        return
      case 'call.invoke':
      case 'call.ran':
      case 'call.settled':
        calls.push({ index, event })
        return
      case 'conn.down':
        connDowns.push({ index, event })
        return
      case 'client.end':
        clientEnds.push({ index, event })
        return
      case 'client.over':
        clientOvers.push({ index, event })
        return
      case 'session.ending':
        sessionEndings.push({ index, event })
        return
      case 'session.over':
        sessionOvers.push({ index, event })
        return
      case 'heal':
        heal ??= { index, event }
        return
      case 'bound':
        bounds.push({ index, event })
        return
      case 'fault':
        faults.push({ index, event })
        return
      case 'end':
        end ??= { index, event }
        return
      case 'channel':
      case 'retention':
      case 'log':
      case 'lineage':
      case 'undone':
    }
  })

  const lastEvent = history.at(-1)
  const last = lastEvent && { index: history.length - 1, event: lastEvent }
  const all = [...channelOf.all()]
  const inMode = (mode: Mode | undefined) => all.filter((channel) => channel.mode === mode)
  return {
    channels: inMode(undefined),
    latest: inMode('latest'),
    ephemeral: inMode('ephemeral'),
    faults,
    connUps,
    links,
    presence,
    calls,
    connDowns,
    clientEnds,
    clientOvers,
    sessionEndings,
    sessionOvers,
    heal,
    bounds,
    end,
    last,
  }
}

/** Channels by name, made on first use, each with its final log; of several dumps the last one counts. */
function channelTable(history: readonly HistoryEvent[]) {
  const dumps = new Map<string, Recorded<LogDump>>()
  const lineages = new Map<string, LineageDump>()
  const modes = new Map<string, Mode>()
  const retentions = new Map<string, number>()
  const undone = new Map<string, FormerLog[]>()
  history.forEach((event, index) => {
    if (event.type === 'channel') modes.set(event.channel, event.mode)
    else if (event.type === 'retention') retentions.set(event.channel, event.messages)
    else if (event.type === 'log') dumps.set(event.channel, { index, event })
    else if (event.type === 'lineage') lineages.set(event.channel, event)
    else if (event.type === 'undone')
      undone.set(event.channel, [...(undone.get(event.channel) ?? []), formerLog(event)])
  })
  const channels = new Map<string, Channel>()
  const channelOf = (name: string): Channel => {
    let channel = channels.get(name)
    if (!channel) {
      const dump = dumps.get(name)
      channel = {
        name,
        mode: modes.get(name),
        log: new FinalLog(dump?.event, lineages.get(name)),
        keeps: retentions.get(name),
        dump,
        undone: undone.get(name) ?? [],
        publishes: new Map(),
        acks: [],
        deliveries: [],
        rollbacks: [],
        streams: [],
        strays: [],
      }
      channels.set(name, channel)
    }
    return channel
  }
  for (const name of dumps.keys()) channelOf(name)
  return Object.assign(channelOf, { all: () => channels.values() })
}

function formerLog({ nodes, head, ended }: Undone): FormerLog {
  return { log: new FinalLog({ epoch: head.epoch, head, entries: [] }, { ended }), nodes }
}

function addPublish(channel: Channel, event: PubInvoke | PubOk | PubFail | PubUnknown, index: number): void {
  let publish = channel.publishes.get(event.id)
  if (!publish) {
    publish = { id: event.id, publisher: event.publisher, invokes: [], settles: [] }
    channel.publishes.set(event.id, publish)
  }
  if (event.type === 'pub.invoke') {
    publish.invokes.push({ index, event })
    return
  }
  publish.settles.push({ index, event })
  if (event.type === 'pub.ok') {
    const ok = { index, event }
    publish.ok ??= ok
    channel.acks.push(ok)
  } else if (event.type === 'pub.fail') {
    publish.fail ??= { index, event }
  }
}

function addMove(channel: Channel, open: Map<string, Stream>, event: SubscriberEvent, index: number): void {
  const stream = open.get(event.subscriber)
  switch (event.type) {
    case 'sub.ok': {
      if (stream) {
        stream.closed = { index, event }
        channel.strays.push({ index, event })
      }
      const begun = new Stream({ index, event })
      open.set(event.subscriber, begun)
      channel.streams.push(begun)
      return
    }
    case 'sub.end':
      // Without a subscription nothing ends: one that was refused is left like any other.
      if (stream) stream.closed = { index, event }
      open.delete(event.subscriber)
      return
    case 'deliver':
    case 'gap':
    case 'rebase':
    case 'sub.restart':
      if (stream) stream.take({ index, event })
      else channel.strays.push({ index, event })
  }
}
