import type { Wish } from './dialects/dialect.js'

/** Which links there are to be. */
export interface Crowd {
  /** How many links. */
  readonly links: number
  /** Number of the first one. Default: 0. */
  readonly from?: number
  /** How many channels there are. */
  readonly channels: number
  /** How many of them each link subscribes to. */
  readonly each: number
  /** Number of the first channel. Default: 0. */
  readonly firstChannel?: number
}

/**
 * Spreads the links of a crowd evenly over its channels, `c:0` and on unless they begin elsewhere, so that links that share a channel differ in their
 * others.
 *
 * @throws RangeError when that does not come out even, for then nobody could say how many deliveries there must be.
 */
export function wishes({ links, from = 0, channels, each, firstChannel = 0 }: Crowd): Wish[] {
  if (each === 0) return Array.from({ length: links }, (_, i) => ({ index: from + i, channels: [] }))
  const perRound = channels / each
  if (perRound % each !== 0 && each > 1) throw new RangeError(`${channels} channels do not go into ${each} classes`)
  if (links % perRound !== 0)
    throw new RangeError(`${links} links with ${each} channels do not fill ${channels} evenly`)
  return Array.from({ length: links }, (_, i) => {
    const index = from + i
    // One step beyond a multiple of `each`: the channels of a link fall into different classes of remainders.
    const stride = perRound + 1 + Math.floor(i / perRound) * each
    return {
      index,
      channels: Array.from({ length: each }, (_, k) => `c:${firstChannel + ((i * each + k * stride) % channels)}`),
    }
  })
}
