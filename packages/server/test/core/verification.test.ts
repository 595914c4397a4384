import { judge, NULL_POSITION, type Position } from '@org/realtime-protocol'
import { expect, test } from 'vitest'
import type { PatientBroker } from '../../src/core/patient-broker.js'
import { Verification } from '../../src/core/verification.js'
import type { Recovery, StoredPublication } from '../../src/index.js'
import { Gate } from '../support/gate.js'

const DATA = JSON.stringify('x'.repeat(65_000))

test('what is held while the log is read is bounded by its size, and what is dropped of it is read', async () => {
  const gate = new Gate()
  const log: StoredPublication[] = []
  const judged: number[] = []
  const reads: number[] = []
  const follower = {
    position: NULL_POSITION,
    judge: (next: Position) => {
      judged.push(next.offset)
      return judge(follower.position, next)
    },
    read: () => {
      const { offset } = follower.position
      reads.push(offset)
      const position = { epoch: 'e', offset }
      const recovery: Recovery = { position, head: { epoch: 'e', offset: log.length }, publications: log.slice(offset) }
      return gate.after(() => Promise.resolve(recovery))
    },
    apply: ({ head }: Recovery) => void (follower.position = head),
    advance: (epoch: string, { offset }: StoredPublication) => void (follower.position = { epoch, offset }),
    verified: () => undefined,
  }
  const broker = { isClosed: false, subscribe: () => Promise.resolve(), run: (work: Promise<void>) => void work }
  const verification = new Verification(follower, broker as unknown as PatientBroker)
  gate.close()
  verification.begin()
  await new Promise(setImmediate)
  for (let offset = 1; offset <= 500; offset++) {
    const publication = { offset, id: `m${offset}`, at: 1, payload: DATA }
    log.push(publication)
    verification.deliver('e', publication)
  }
  gate.open()
  await new Promise(setImmediate)
  expect(judged.length).toBeLessThanOrEqual(17)
  expect(reads.length).toBeGreaterThan(1)
  expect([verification.isLive, follower.position]).toEqual([true, { epoch: 'e', offset: 500 }])
})
