import type { HistoryEvent, SubscriberEvent } from '../../src/history/index.js'

export type Of<T extends HistoryEvent['type']> = Extract<HistoryEvent, { readonly type: T }>

export interface Found<T extends HistoryEvent['type']> {
  readonly i: number
  readonly event: Of<T>
}

export interface Neighbour {
  readonly i: number
  readonly event: SubscriberEvent
}

export interface Published {
  readonly invoke: Found<'pub.invoke'>
  readonly settle: { readonly i: number; readonly event: Of<'pub.ok' | 'pub.fail' | 'pub.unknown'> }
}

/** A valid history with the questions a mutation asks of it. It shares no code with the checker. */
export class Subject {
  private readonly logs = new Map<string, Of<'log'>>()
  private readonly lineages = new Map<string, Of<'lineage'>>()
  private readonly invokes = new Map<string, Found<'pub.invoke'>>()
  private readonly publishes = new Map<string, Published>()
  private readonly nextOf = new Map<number, Neighbour>()
  private readonly previousOf = new Map<number, Neighbour>()

  constructor(readonly events: readonly HistoryEvent[]) {
    const last = new Map<string, Neighbour>()
    events.forEach((event, i) => {
      if (event.type === 'log') this.logs.set(event.channel, event)
      if (event.type === 'lineage') this.lineages.set(event.channel, event)
      if (event.type === 'pub.invoke') this.invokes.set(`${event.channel} ${event.id}`, { i, event })
      if (event.type === 'pub.ok' || event.type === 'pub.fail' || event.type === 'pub.unknown') {
        const key = `${event.channel} ${event.id}`
        const invoke = this.invokes.get(key)
        if (invoke) this.publishes.set(key, { invoke, settle: { i, event } })
      }
      if ('subscriber' in event) {
        const key = `${event.channel} ${event.subscriber}`
        const previous = last.get(key)
        const here = { i, event }
        if (previous) this.nextOf.set(previous.i, here)
        if (previous) this.previousOf.set(i, previous)
        last.set(key, here)
      }
    })
  }

  /** All events of a type for which `fits` is true. */
  find<T extends HistoryEvent['type']>(type: T, fits: (found: Found<T>) => unknown = () => true): Found<T>[] {
    return this.events.flatMap((event, i) => {
      if (!isOf(event, type)) return []
      const found = { i, event }
      return fits(found) ? [found] : []
    })
  }

  /** The next event of the same subscriber on the same channel. */
  next(i: number): Neighbour | undefined {
    return this.nextOf.get(i)
  }

  previous(i: number): Neighbour | undefined {
    return this.previousOf.get(i)
  }

  /** All later events of the same subscriber on the same channel. */
  later(i: number): Neighbour[] {
    const all: Neighbour[] = []
    for (let next = this.next(i); next; next = this.next(next.i)) all.push(next)
    return all
  }

  log(channel: string): Of<'log'> | undefined {
    return this.logs.get(channel)
  }

  /** Whether the final log holds this very message. */
  logged({ channel, id, position }: Of<'deliver' | 'pub.ok'>): boolean {
    const entry = this.log(channel)?.entries.find(({ offset }) => offset === position.offset)
    return entry?.id === id && this.kept(channel, position.epoch, position.offset)
  }

  inLog(channel: string, id: string): boolean {
    return this.log(channel)?.entries.some((entry) => entry.id === id) ?? false
  }

  /** Whether a position belongs to the history of the final log. */
  kept(channel: string, epoch: string, offset: number): boolean {
    const log = this.log(channel)
    if (epoch === log?.epoch) return offset <= log.head.offset
    const ended = this.lineages.get(channel)?.ended
    return ended?.some((generation) => generation.epoch === epoch && offset <= generation.end) ?? false
  }

  /** The call of an id and what became of it; none or one. */
  publish(channel: string, id: string): Published[] {
    const published = this.publishes.get(`${channel} ${id}`)
    return published ? [published] : []
  }

  get end(): number {
    return this.find('end')[0]?.i ?? this.events.length
  }

  replace(i: number, ...events: readonly HistoryEvent[]): HistoryEvent[] {
    return [...this.events.slice(0, i), ...events, ...this.events.slice(i + 1)]
  }

  insert(i: number, ...events: readonly HistoryEvent[]): HistoryEvent[] {
    return [...this.events.slice(0, i), ...events, ...this.events.slice(i)]
  }

  /** Without the events at these places. */
  without(...places: readonly number[]): HistoryEvent[] {
    const dropped = new Set(places)
    return this.events.filter((_, i) => !dropped.has(i))
  }
}

function isOf<T extends HistoryEvent['type']>(event: HistoryEvent, type: T): event is Of<T> {
  return event.type === type
}
