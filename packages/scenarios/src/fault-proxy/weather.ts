/** A way through the proxy: `up` from who dialled to the target, `down` back. */
export type Direction = 'up' | 'down'

/** What a network does to the bytes of one direction. */
export interface Weather {
  /** Bytes wait, and so does the end of the stream: nobody hears anything until it is over. Default: false. */
  held: boolean
  /** Bytes vanish, and so does the end of the stream. A link that has lost one byte gets no others. Default: false. */
  lost: boolean
  /** How long each byte is on its way, in milliseconds. Default: 0. */
  delayMs: number
  /** Bytes that get through in a second. Default: Infinity. */
  bytesPerSecond: number
}

export const FAIR: Readonly<Weather> = { held: false, lost: false, delayMs: 0, bytesPerSecond: Infinity }
