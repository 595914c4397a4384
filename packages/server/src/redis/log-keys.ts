import { isChannelName } from '@org/realtime-protocol'
import type { RedisLine } from './line.js'

/** Where a channel lives in Redis. */
export interface LogKeys {
  /** Meta, log, and the two buckets of dedupe records. */
  readonly all: readonly [meta: string, log: string, even: string, odd: string]
  /** On which its publications are handed on. */
  readonly topic: string
}

/** Channels whose keys are remembered. */
const MAX_KNOWN = 10_000

/** The keys of channels, worked out once for those in use. */
export class LogKeyring {
  private readonly known = new Map<string, LogKeys>()

  constructor(private readonly line: Pick<RedisLine, 'key'>) {}

  /** @throws TypeError when no channel can be called so. */
  of(channel: string): LogKeys {
    const known = this.known.get(channel)
    if (known) return known
    if (!isChannelName(channel)) throw new TypeError(`${JSON.stringify(channel)} is not the name of a channel`)
    const key = (kind: string): string => this.line.key(kind, channel)
    const keys: LogKeys = { all: [key('m'), key('l'), key('d0'), key('d1')], topic: key('b') }
    if (this.known.size >= MAX_KNOWN) this.known.clear()
    this.known.set(channel, keys)
    return keys
  }
}
