/** A fault of our own making: one piece of the engine's source, and what stands in its place. */
export interface Mutant {
  /** What the engine does wrong. */
  readonly name: string
  /** Path below `packages/`. */
  readonly file: string
  /** Text that stands in the file exactly once. */
  readonly original: string
  readonly mutated: string
}

/** Ways to break the promises. A checker that does not see each of them die proves nothing. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledge before store',
    file: 'server/src/core/publishing.ts',
    original: 'return await this.broker.publish({',
    mutated: `const { head } = await this.broker.recover(channel, undefined, 0)
      const position = { epoch: head.epoch, offset: head.offset + 1 }
      const early = { kind: 'stored', id, position } as const
      const later = (request: Parameters<Broker['publish']>[0]) => {
        this.broker.publish(request).catch(() => undefined)
        return early
      }
      return later({`,
  },
  {
    name: 'accept a lower offset of another epoch',
    file: 'protocol/src/position.ts',
    original: `return mode || (`,
    mutated: `return mode || (!same && next.offset <= last.offset) || (`,
  },
  {
    name: 'drop instead of hold',
    file: 'protocol/src/position.ts',
    original: `? 'deliver' : 'hold'`,
    mutated: `? 'deliver' : 'drop'`,
  },
  {
    name: 'no buffer during recovery',
    file: 'server/src/core/verification.ts',
    original: `if (this.phase !== 'live') return this.hold({ epoch, publication })`,
    mutated: `if (this.phase !== 'live') return`,
  },
  {
    name: 'no dedupe record',
    file: 'server/src/memory/producer-record.ts',
    original: `if (seq <= this.last) return { kind: 'repeat', stored: this.stored.get(seq), expected }`,
    mutated: `if (seq <= this.last) return { kind: 'next' }`,
  },
  {
    name: 'position moved before listeners',
    file: 'client/src/core/delivery.ts',
    original: `    turn.say('emit', 'message', { ...publication, recovered: !!epoch && offset <= stream.head }, stream.channel)
    move(stream, { epoch, offset })`,
    mutated: `    move(stream, { epoch, offset })
    turn.say('emit', 'message', { ...publication, recovered: !!epoch && offset <= stream.head }, stream.channel)`,
  },
  {
    name: 'resume from head',
    file: 'client/src/core/subscription-machine.ts',
    original: `since: last ?? subscription.since`,
    mutated: `since: last ? undefined : subscription.since`,
  },
  {
    name: 'old link not superseded',
    file: 'server/src/core/session-registry.ts',
    original: `held.connection.hangup('SUPERSEDED')`,
    mutated: ``,
  },
  {
    name: 'slow reader keeps the older value',
    file: 'server/src/core/latest-channel.ts',
    original: `subscription.position = before`,
    mutated: `subscription.position = this.position`,
  },
  {
    name: 'one personal channel for all users',
    file: 'server/src/core/resolved-channel.ts',
    original: `const name = PERSONAL + user`,
    mutated: `const name = PERSONAL + user.slice(0, 1)`,
  },
  {
    name: 'leave without the owner check',
    file: 'server/src/memory/memory-presence.ts',
    original: `if (members.isLate(leaver, now)) return`,
    mutated: `if (members.isLate({ ...leaver, owner: Infinity }, now)) return`,
  },
  {
    name: 'operations of one owner without a number',
    file: 'server/src/memory/memory-members.ts',
    original: `known.number > number)`,
    mutated: `known.number > number && number < 0)`,
  },
  {
    name: 'leave that is tried again behind the next enter',
    file: 'server/src/core/attendance.ts',
    original: `if (!this.isOver || this.isReplaced || this.leaving > 0) return`,
    mutated: `if (!this.isOver || this.isReplaced) return`,
  },
  {
    name: 'list that is not joined to the changes',
    file: 'server/src/core/presence-channel.ts',
    original: `if (!this.live || !this.roll) return this.hold(change)`,
    mutated: `if (!this.live || !this.roll) return`,
  },
  {
    name: 'leave without the grace',
    file: 'server/src/core/attendance.ts',
    original: `this.context.wheel.schedule(this, this.context.limits.presenceGraceMs)`,
    mutated: `this.turn()`,
  },
  {
    name: 'dead members that nobody reaps',
    file: 'server/src/memory/memory-members.ts',
    original: `if (record.expiresAt <= now) yield`,
    mutated: `if (record.expiresAt < 0 && now < 0) yield`,
  },
  {
    name: 'call that is sent again although it may not',
    file: 'client/src/core/outbox.ts',
    original: `/publish|call/.test(type) && !idempotent`,
    mutated: `type === 'publish'`,
  },
  {
    name: 'answer of a cancelled call for a later one',
    file: 'server/src/core/pending-calls.ts',
    original: `const ref = ++this.last`,
    mutated: `const ref = this.waiting.size + 1`,
  },
  {
    name: 'calls that outlive their link',
    file: 'server/src/core/pending-calls.ts',
    original: `for (const ref of [...this.waiting.keys()]) this.settle(ref, { error: wireError('UNKNOWN_OUTCOME') })`,
    mutated: `for (const { timer } of this.waiting.values()) this.clock.clearTimer(timer)`,
  },
  {
    name: 'what the server gave is asked of the rule at a resume',
    file: 'server/src/core/handlers/subscribe.ts',
    original: `session.isKept(channel) ?`,
    mutated: `session.isKept(channel) && generation === 0 ?`,
  },
  {
    name: 'client that comes back though it was sent away for good',
    file: 'client/src/core/session-link.ts',
    original: `isTerminal(code) || state.refusals > 1`,
    mutated: `(isTerminal(code) && code !== 4506) || state.refusals > 1`,
  },
  {
    name: 'session that outlives its end',
    file: 'server/src/core/endings.ts',
    original: `await sessions.release(ending.id, ending.owner)`,
    mutated: `await Promise.resolve(sessions)`,
  },
  {
    name: 'link that outlives its session',
    file: 'server/src/core/held.ts',
    original: `  connection.dismiss(dismissal.code, dismissal.reason)`,
    mutated: `  if (isToComeBack(dismissal)) connection.dismiss(dismissal.code, dismissal.reason)`,
  },
  {
    name: 'new token that does not lengthen the life of its link',
    file: 'server/src/core/handlers/refresh.ts',
    original: `connection.admit(expiry.expiresInMs)`,
    mutated: ``,
  },
  {
    name: 'refusal of a second copy for that of the first',
    file: 'client/src/core/outbox.ts',
    original: `outOfOrder || entry.again ?`,
    mutated: `outOfOrder ?`,
  },
]
