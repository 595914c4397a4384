import { GAP_REASONS, type GapReason, type HistoryEvent, type Mode } from './events.js'
import { lossesOf } from './losses.js'
import { type CheckOptions, type ResolvedOptions, resolveOptions } from './options.js'
import { agreement } from './rules/agreement.js'
import { bounds } from './rules/bounds.js'
import { calls } from './rules/calls.js'
import { completeness } from './rules/completeness.js'
import { endings } from './rules/endings.js'
import { ephemeral } from './rules/ephemeral.js'
import { gaps } from './rules/gaps.js'
import { latest } from './rules/latest.js'
import { liveness } from './rules/liveness.js'
import { losses } from './rules/losses.js'
import { order } from './rules/order.js'
import { outcomes } from './rules/outcomes.js'
import { phantoms } from './rules/phantoms.js'
import { presence } from './rules/presence.js'
import { repeats } from './rules/repeats.js'
import { type Channel, readTimeline, type Timeline } from './timeline.js'
import type { Violation } from './violation.js'

type Rule = (timeline: Timeline, options: ResolvedOptions) => Iterable<Violation>

/** By number. */
const rules: readonly Rule[] = [
  phantoms,
  outcomes,
  order,
  repeats,
  completeness,
  losses,
  agreement,
  gaps,
  liveness,
  presence,
  bounds,
  latest,
  ephemeral,
  calls,
  endings,
]

export interface Verdict {
  /** In order of virtual time, then of rules; none if the history is right. */
  readonly violations: readonly Violation[]
  /** Subscriptions that were followed. */
  readonly subscriptions: number
  /** Deliveries within them: a verdict over none proves nothing. */
  readonly judgedDeliveries: number
  /** Deliveries of `latest` and of `ephemeral` channels: those that were judged by rules 12 and 13. */
  readonly otherDeliveries: Readonly<Record<Mode, number>>
  /** Calls that were answered. */
  readonly answered: number
  /** Publishes that were acknowledged. */
  readonly acknowledged: number
  /** Of those, how many the store lost: absent from the final log, and not trimmed. */
  readonly lost: number
  /** Gaps told to subscribers, by reason. */
  readonly gaps: Readonly<Record<GapReason, number>>
}

/**
 * Judges a recorded history by the promise of DESIGN.md §2: every rule over everything that was written down. Pure, in
 * time close to linear in the number of events.
 */
export function checkHistory(history: readonly HistoryEvent[], options: CheckOptions = {}): Verdict {
  const timeline = readTimeline(history)
  const resolved = resolveOptions(options)
  const violations = rules.flatMap((rule) => [...rule(timeline, resolved)])
  violations.sort((a, b) => a.at - b.at || a.rule - b.rule)
  return { violations, ...count(timeline) }
}

function count({ channels, latest, ephemeral, calls }: Timeline): Omit<Verdict, 'violations'> {
  const gaps = Object.fromEntries(GAP_REASONS.map((reason) => [reason, 0])) as Record<GapReason, number>
  let subscriptions = 0
  let judgedDeliveries = 0
  let acknowledged = 0
  let lost = 0
  for (const channel of channels) {
    lost += lossesOf(channel).length
    subscriptions += channel.streams.length
    for (const publish of channel.publishes.values()) if (publish.ok) acknowledged++
    for (const { steps } of channel.streams) {
      for (const { event } of steps) {
        if (event.type === 'deliver') judgedDeliveries++
        else if (event.type === 'gap') gaps[event.reason]++
      }
    }
  }
  const otherDeliveries = { latest: deliveries(latest), ephemeral: deliveries(ephemeral) }
  const answered = calls.filter(({ event }) => event.type === 'call.settled' && event.outcome === 'answered').length
  return { subscriptions, answered, judgedDeliveries, otherDeliveries, acknowledged, lost, gaps }
}

function deliveries(channels: readonly Channel[]): number {
  return channels.reduce((sum, channel) => sum + channel.deliveries.length, 0)
}
