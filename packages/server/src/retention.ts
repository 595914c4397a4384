import type { Limits, Mode } from '@org/realtime-protocol'
import type { LogOptions } from './options.js'
import type { Retention } from './ports/index.js'

/** What can be said of how much is kept. */
interface Kept {
  readonly log?: LogOptions | undefined
  readonly channelTtlMs?: number | undefined
}

/** A value stays until the next one takes its place, however old it gets. A number that every store can count with. */
const NO_AGE_MS = Number.MAX_SAFE_INTEGER

/** How much a channel keeps. @throws TypeError when its mode keeps nothing of the kind, or a bound makes no sense. */
export function resolveRetention(
  name: string,
  mode: Mode,
  { log = {}, channelTtlMs }: Kept,
  limits: Limits,
): Retention {
  if (mode === 'latest' && (log.messages !== undefined || log.ageMs !== undefined)) {
    throw new TypeError(
      `channel ${name}: mode 'latest' keeps the newest value, whatever its age; leave log.messages and log.ageMs out, or use mode 'log'`,
    )
  }
  if (mode === 'ephemeral' && (Object.keys(log).length > 0 || channelTtlMs !== undefined)) {
    throw new TypeError(`channel ${name}: mode 'ephemeral' keeps nothing; leave log and channelTtlMs out`)
  }
  const retention = {
    messages: mode === 'log' ? (log.messages ?? limits.logMessages) : 1,
    ageMs: mode === 'log' ? (log.ageMs ?? limits.logAgeMs) : NO_AGE_MS,
    bytes: log.bytes ?? limits.logBytes,
    ttlMs: channelTtlMs ?? limits.channelTtlMs,
  }
  for (const [bound, value] of Object.entries(retention)) {
    if (!(value > 0)) throw new TypeError(`channel ${name}: ${bound} of the log must be a positive number`)
  }
  if (mode === 'log' && retention.ttlMs < retention.ageMs) {
    throw new TypeError(`channel ${name}: channelTtlMs must not be below log.ageMs, or messages go before their age`)
  }
  return retention
}
