import type { Position } from '@org/realtime-protocol'
import type { EndedEpoch } from '../history/index.js'

/** The true lineage of one channel. */
export interface ChannelHistory {
  readonly epoch: string
  /** The latest offset that was stored. */
  readonly top: number
  readonly ended: readonly EndedEpoch[]
}

/**
 * Knows the true lineage of every channel, from what the store has stored and which failovers it went through. It is
 * kept apart from the engine's own lineage, to judge that one by.
 */
export class LineageOracle {
  private channels = new Map<string, ChannelHistory>()
  /** For each epoch that ever was: the epochs it continues. */
  private readonly ancestors = new Map<string, readonly EndedEpoch[]>()

  /** The store answered that a publish is stored. */
  stored(channel: string, { epoch, offset }: Position): void {
    const known = this.channels.get(channel)
    if (known?.epoch === epoch && known.top < offset) this.channels.set(channel, { ...known, top: offset })
    if (known?.epoch === epoch || this.ancestors.has(epoch)) return
    const continues = known && logOf(known.epoch) === logOf(epoch)
    const ended = continues ? [...known.ended, { epoch: known.epoch, end: offset - 1 }] : []
    this.channels.set(channel, { epoch, ended, top: offset })
    this.ancestors.set(epoch, ended)
  }

  /** What is known now, as a replica would. */
  checkpoint(): ReadonlyMap<string, ChannelHistory> {
    return new Map(this.channels)
  }

  /** Goes back to what a replica knew. */
  restore(checkpoint: ReadonlyMap<string, ChannelHistory>): void {
    this.channels = new Map(checkpoint)
  }

  /** How far each channel has come, in the history that serves it now. */
  heads(): ReadonlyArray<readonly [channel: string, head: Position]> {
    return [...this.channels].map(([channel, { epoch, top }]) => [channel, { epoch, offset: top }])
  }

  /** The store was lost. */
  forget(): void {
    this.channels = new Map()
  }

  /** Last offset of an epoch that a later one has inherited; -1 when it has inherited nothing. */
  endOf(epoch: string, heir: string): number {
    return this.ancestors.get(heir)?.find((ended) => ended.epoch === epoch)?.end ?? -1
  }

  /**
   * How far each other epoch agrees with one: those that it continues, and those that grew out of the same ones, were
   * served for a while and then undone. Up to where they branched off, their messages are the same.
   */
  endedBefore(epoch: string): readonly EndedEpoch[] {
    const own = this.ancestors.get(epoch) ?? []
    const others = [...this.ancestors].flatMap(([other, ancestors]) => {
      if (other === epoch || own.some((ended) => ended.epoch === other)) return []
      const shared = ancestors.flatMap((ended) => {
        const end = ended.epoch === epoch ? Infinity : own.find((mine) => mine.epoch === ended.epoch)?.end
        return end === undefined ? [] : [Math.min(end, ended.end)]
      })
      return shared.length > 0 ? [{ epoch: other, end: Math.max(...shared) }] : []
    })
    return [...own, ...others]
  }
}

/** The part of an epoch that names the log, whatever generation serves it. */
function logOf(epoch: string): string {
  return epoch.slice(0, epoch.indexOf('.'))
}
