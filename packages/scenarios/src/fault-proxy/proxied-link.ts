import type { Socket } from 'node:net'
import { Lane } from './lane.js'
import type { Direction, Weather } from './weather.js'

/** Bytes of the first words of a link that are remembered. */
const REMEMBERED_BYTES = 65_536

/** One connection through a proxy: who dialled is near, the target is far. */
export class ProxiedLink {
  private readonly lanes: Readonly<Record<Direction, Lane>>
  /** The port that who dialled has on its own side. */
  readonly port: number | undefined
  private said = ''
  private swallowed: ((reply: string) => void) | undefined
  private isOver = false

  /** @param ended is told once, when the link is over at both ends. */
  constructor(
    private readonly near: Socket,
    private readonly far: Socket,
    private readonly ended: () => void,
  ) {
    this.port = near.remotePort
    this.lanes = {
      up: new Lane(near, far, (bytes) => this.remember(bytes)),
      down: new Lane(far, near, (bytes) => this.swallow(bytes)),
    }
    this.join(near, far, this.lanes.up)
    this.join(far, near, this.lanes.down)
  }

  /** Whether who dialled has ever said a text, in any case, among its first 64 KiB. */
  hasSaid(text: string): boolean {
    return this.said.includes(text.toLowerCase())
  }

  /** Whether bytes get through, both ways. */
  get isWhole(): boolean {
    return !this.lanes.up.isSilent && !this.lanes.down.isSilent
  }

  /** Bytes of one direction that were lost, that had to wait until it was over, and that were let through late. */
  harmed(direction: Direction): Readonly<Lane['harmed']> {
    return this.lanes[direction].harmed
  }

  /** Changes the weather of one direction, or of both. */
  change(weather: Partial<Weather>, direction?: Direction): void {
    if (direction !== 'down') this.lanes.up.change(weather)
    if (direction !== 'up') this.lanes.down.change(weather)
  }

  /** Ends the link at both ends, with a TCP reset. */
  reset(): void {
    this.near.resetAndDestroy()
    this.far.resetAndDestroy()
    this.end()
  }

  /**
   * The next answer of the target does not arrive, and the link is reset: what was asked has been done.
   *
   * @param lost is told what it was.
   */
  loseNextReply(lost: (reply: string) => void = () => undefined): void {
    this.lanes.down.change({ lost: true })
    this.swallowed = lost
  }

  private swallow(bytes: Buffer): void {
    if (!this.swallowed) return
    this.swallowed(bytes.toString('latin1'))
    this.reset()
  }

  private remember(bytes: Buffer): void {
    if (this.said.length < REMEMBERED_BYTES) this.said += bytes.toString('latin1').toLowerCase()
  }

  /** What becomes of the other end when this one is gone. */
  private join(socket: Socket, other: Socket, lane: Lane): void {
    socket.on('error', () => undefined)
    socket.on('close', (hadError) => {
      if (lane.isSilent && !other.destroyed) return
      if (hadError && !other.destroyed) other.resetAndDestroy()
      else if (hadError || other.destroyed) other.destroy()
      if (other.destroyed) this.end()
    })
  }

  private end(): void {
    if (this.isOver) return
    this.isOver = true
    this.lanes.up.stop()
    this.lanes.down.stop()
    this.ended()
  }
}
