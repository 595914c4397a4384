import type { Gap, Position, Rebase } from '@org/realtime-protocol'
import type { EncodedFrame, Recovery } from '../ports/index.js'
import { encoded, encodedPublication } from './encoded-frame.js'

/** A reading of the log with its frames, each encoded once for all who share it. */
export class Page {
  private readonly frames: EncodedFrame[] = []

  constructor(
    private readonly channel: string,
    readonly recovery: Recovery,
  ) {}

  /** The frame of the i-th publication; `undefined` after the last one. */
  frame(i: number): EncodedFrame | undefined {
    const publication = this.recovery.publications[i]
    if (!publication) return undefined
    return (this.frames[i] ??= encodedPublication(this.channel, this.recovery.head.epoch, publication))
  }
}

/** A gap as a frame. */
export function gapFrame(channel: string, gap: Gap, position: Position, rebase: Rebase | undefined): EncodedFrame {
  return encoded({ type: 'gap', channel, ...gap, position, ...(rebase ? { rebase } : {}) })
}
