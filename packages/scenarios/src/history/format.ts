import type { HistoryEvent } from './events.js'
import { RULES, type Violation } from './violation.js'

/**
 * A history as JSON lines, byte for byte the same for equal events: `at` and `type` first, then all keys in alphabetical
 * order at every depth, keys without a value left out.
 */
export function serializeHistory(events: readonly HistoryEvent[]): string {
  return events.map((event) => `${serializeEvent(event)}\n`).join('')
}

function serializeEvent({ at, type, ...rest }: HistoryEvent): string {
  return JSON.stringify({ at, type, ...(sorted(rest) as object) })
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, sorted((value as Readonly<Record<string, unknown>>)[key])]))
}

/** A violation for a person: what happened, which law it breaks, and the events that show it. */
export function describeViolation(violation: Violation): string {
  const { rule, at, subscriber, channel, message, evidence } = violation
  const where = [`at ${at} ms`, subscriber && `subscriber ${subscriber}`, channel && `channel ${channel}`]
  return [
    `rule ${rule}, ${where.filter(Boolean).join(', ')}: ${message}`,
    `  law: ${RULES[rule]}`,
    ...evidence.map((event) => `  ${serializeEvent(event)}`),
  ].join('\n')
}
