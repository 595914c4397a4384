import type { Position } from '@org/realtime-protocol'
import type { Broker, PublishOutcome, PublishRequest, Recovery, Retention } from '../../../ports/index.js'
import type { BrokerNode } from './fixture.js'

/** What tests keep that say nothing else. */
export const KEEP: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }
/** Time units that can pass for real. */
export const SHORT_MS = 400

type Stored = Extract<PublishOutcome, { kind: 'stored' }>

/** Where a channel stands that nobody has written to. */
export const NULL: Position = { epoch: '', offset: 0 }

/** One node, and short words for what is asked of it. */
export type Tools = ReturnType<typeof tools>

/** Short words for what the tests ask of a node. */
export function tools(node: BrokerNode) {
  const publish = (id: string, fields: Partial<PublishRequest> = {}): Promise<PublishOutcome> =>
    node.broker.publish({ channel: 'c', id, payload: JSON.stringify(id), retention: KEEP, ...fields })
  return {
    node,
    publish,
    /** Publishes what must be stored. */
    put: async (id: string, fields?: Partial<PublishRequest>): Promise<Stored> => {
      const outcome = await publish(id, fields)
      if (outcome.kind !== 'stored') throw new Error(`${id} was not stored but ${outcome.kind}`)
      return outcome
    },
    recover: (since: Parameters<Broker['recover']>[1], limit = 100) => node.broker.recover('c', since, limit),
    history: (query: Parameters<Broker['history']>[1]) => node.broker.history('c', query),
  }
}

/** A recovery without the fields that are not there. */
export function given(recovery: Recovery): Partial<Recovery> {
  return Object.fromEntries(Object.entries(recovery).filter(([, value]) => value !== undefined))
}

/** Publishes one message after the other; gives the last outcome. */
export async function series(
  put: Tools['put'],
  count: number,
  { prefix = 'm', ...fields }: Partial<PublishRequest> & { prefix?: string } = {},
): Promise<Stored> {
  let last: Stored | undefined
  for (let i = 1; i <= count; i++) last = await put(`${prefix}${i}`, fields)
  if (!last) throw new Error('a series of nothing')
  return last
}
