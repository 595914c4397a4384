import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import {
  memory,
  type Broker,
  type MemoryCheckpoint,
  type PublishOutcome,
  type PublishRequest,
  type Retention,
} from '../../src/index.js'
import { deafNode, VirtualClock } from '../../src/testing/index.js'
import { CountingRandom } from '../support/counting-random.js'
import { kindOf } from '../../src/redis/log-appender.js'
import { joinNode, type RedisNode } from './support/broker.js'
import { keepHistory, replaceHistory } from './support/histories.js'
import { REPLACEABLE } from './support/histories.js'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis({ settings: REPLACEABLE })
})
afterAll(() => server.stop())

const KEEP: Retention = { messages: 8, ageMs: 300_000, bytes: 400, ttlMs: 3_600_000 }

/** A position that a step names: one that an earlier step gave, at another offset. */
interface Somewhere {
  readonly epoch: number
  readonly offset: number
}

const somewhere = fc.record({ epoch: fc.nat(6), offset: fc.nat(14) })
const publish = fc.record({
  kind: fc.constant('publish' as const),
  // Sums of these meet the bounds exactly, and one is above the lowest.
  size: fc.constantFrom(10, 20, 50, 60, 100, 120),
  messages: fc.constantFrom(8, 8, 8, 1, 3),
  bytes: fc.constantFrom(400, 400, 200, 90),
  number: fc.option(
    fc.record({ producer: fc.constantFrom('p', 'q'), ahead: fc.integer({ min: -12, max: 3 }), lowest: fc.nat(12) }),
  ),
  key: fc.option(fc.constantFrom('k', 'l', 'm'), { freq: 3 }),
  epoch: fc.option(fc.nat(6)),
})
const step = fc.oneof(
  { weight: 8, arbitrary: publish },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('together' as const),
      publishes: fc.array(publish, { minLength: 2, maxLength: 5 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('recover' as const),
      at: somewhere,
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('start' as const),
      last: fc.option(fc.nat(10)),
      limit: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('after' as const, 'before' as const),
      at: somewhere,
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('checkpoint' as const, 'lossless' as const, 'lossy' as const) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Names that epochs get in the order in which they come up: those of two logs are never the same texts. */
class Epochs {
  private readonly seen: string[] = ['']

  /** The text of an epoch that came up; one of nobody's for a number nothing stands behind. */
  at(index: number): string {
    return this.seen[index] ?? 'gone.gone'
  }

  /** An answer with numbers for epochs, and without what differs: times. */
  named(answer: unknown): unknown {
    return JSON.parse(
      JSON.stringify(answer ?? null, (key, value: unknown) => {
        if (key === 'at') return undefined
        if (typeof value === 'string' && ['epoch', 'from', 'to'].includes(key)) return this.name(value)
        return value
      }),
    )
  }

  private name(epoch: string): string {
    if (epoch === 'gone.gone') return epoch
    if (!this.seen.includes(epoch)) this.seen.push(epoch)
    return `epoch ${this.seen.indexOf(epoch)}`
  }
}

/** One broker with what a walk has learnt of it. */
class Walker {
  private readonly epochs = new Epochs()
  private readonly sent = new Map<string, number>()

  constructor(
    private readonly broker: Broker,
    private readonly channel: string,
    private readonly publishAll: RedisNode['together'] = (requests) => inTurn(broker, requests),
  ) {}

  async take(step: Step, i: number): Promise<unknown> {
    const { broker, channel } = this
    const named = (at: Somewhere) => ({ epoch: this.epochs.at(at.epoch), offset: at.epoch === 0 ? 0 : at.offset })
    switch (step.kind) {
      case 'publish':
        return this.epochs.named(await broker.publish(this.request(step, `m${i}`)))
      case 'together':
        return this.epochs.named(await this.publishAll(this.group(step, i)))
      case 'recover':
        return this.epochs.named(await broker.recover(channel, named(step.at), step.limit))
      case 'start':
        return this.epochs.named(
          await broker.recover(channel, step.last === null ? 'start' : { last: step.last }, step.limit),
        )
      case 'after':
      case 'before':
        return this.epochs.named(
          (await broker.history(channel, { [step.kind]: named(step.at), limit: step.limit })) ?? 'nothing',
        )
      default:
        return undefined
    }
  }

  /** Those that may share a call with the first. */
  private group({ publishes }: Extract<Step, { kind: 'together' }>, i: number): PublishRequest[] {
    const requests = publishes.map((step, j) => this.request(step, `m${i}.${j}`))
    const [first] = requests
    return requests
      .filter((request) => first && kindOf(request) === kindOf(first))
      .map((request) => ({ ...request, retention: first?.retention ?? KEEP }))
  }

  private request(step: Extract<Step, { kind: 'publish' }>, id: string): PublishRequest {
    const { number, key, size, messages, bytes, epoch } = step
    const producer = number?.producer ?? ''
    const seq = Math.max(1, (this.sent.get(producer) ?? 0) + (number?.ahead ?? 0))
    if (number && number.ahead >= 0) this.sent.set(producer, seq)
    return {
      channel: this.channel,
      id,
      payload: JSON.stringify('x'.repeat(size - 2)),
      retention: { ...KEEP, messages, bytes },
      ...(number && { number: { producer, seq, lowest: Math.max(1, seq - number.lowest) } }),
      ...(key !== null && { key }),
      ...(epoch !== null && { epoch: this.epochs.at(epoch) }),
    }
  }
}

async function inTurn(broker: Broker, requests: readonly PublishRequest[]): Promise<PublishOutcome[]> {
  const outcomes: PublishOutcome[] = []
  for (const request of requests) outcomes.push(await broker.publish(request))
  return outcomes
}

test('a log in Redis answers as a log in memory does, whatever happens to it', { timeout: 60_000 }, async () => {
  const node = joinNode([server], { sweepMs: 60_000 })
  let walks = 0
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), async (steps) => {
    walks += 1
    const backend = memory({ clock: new VirtualClock(), random: new CountingRandom() })
    const model = new Walker(backend.join(deafNode).broker, 'c')
    const real = new Walker(node.broker, `c${walks}`, node.together)
    let replica: MemoryCheckpoint | undefined
    for (const [i, step] of steps.entries()) {
      if (step.kind === 'checkpoint') {
        replica = backend.checkpoint()
        await keepHistory([server])
      } else if (step.kind === 'lossless' || (step.kind === 'lossy' && replica)) {
        backend.failOver(step.kind === 'lossy' ? replica : undefined)
        await replaceHistory([server], { lossy: step.kind === 'lossy' })
      }
      expect(await real.take(step, i), `step ${i} of ${JSON.stringify(steps)}`).toEqual(await model.take(step, i))
    }
  })
  await fc.assert(property, { numRuns: Number(process.env['WALKS'] ?? 40), endOnFailure: true })
  await node.close()
})
