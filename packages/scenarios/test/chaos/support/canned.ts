import { Record } from '../../../src/chaos/record.js'
import type { Round } from '../../../src/chaos/round.js'
import type { GapReason, RuleNumber, Verdict } from '../../../src/history/index.js'

/** One violation of each of some rules. */
export const broken = (...rules: readonly RuleNumber[]): Verdict['violations'] => {
  return rules.map((rule) => ({ rule, at: 0, message: `rule ${rule} is broken`, evidence: [] }))
}

/** A round that nobody played, with some of everything in it. */
export function cannedRound({
  kind = 'node.kill',
  violations = [],
  gaps = { trimmed: 2, slow: 1, rollback: 4, epoch: 8, unknown: 16 },
  healedMs = 300,
  ...rest
}: Partial<Round> & {
  readonly violations?: Verdict['violations']
  readonly gaps?: { readonly [reason in GapReason]: number }
}): Round {
  const record = new Record()
  record.add({ type: 'presence.seen', client: 'c', channel: 'hall:1', users: {} })
  record.add({ type: 'presence.audit', channel: 'hall:1', members: [] })
  const verdict: Verdict = {
    violations,
    subscriptions: 4,
    judgedDeliveries: 1_200,
    otherDeliveries: { latest: 70, ephemeral: 0 },
    answered: 9,
    acknowledged: 300,
    lost: 5,
    gaps,
  }
  const repeats = { afterError: 3, inDoubt: 2 }
  return { kind, record, verdict, unproven: [], unknownCalls: 6, repeats, healedMs, ...rest }
}
