import { expect, it } from 'vitest'
import type { Connection } from '../../src/redis/connection.js'
import { Ear } from '../../src/redis/ear.js'
import { tagOf } from '../../src/redis/partitions.js'

/** An ear for some topics, whose Redis answers when it is told to. */
function listening(...topics: string[]) {
  const told: string[] = []
  const answers: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  const connection = {
    send: () => new Promise<void>((resolve, reject) => answers.push({ resolve, reject })),
  } as unknown as Connection
  const ear = new Ear({
    isSharded: topics.length > 1,
    wants: (topic) => topics.includes(topic),
    all: () => topics,
    heard: () => undefined,
    refused: () => undefined,
    whole: (wasAway) => told.push(wasAway ? 'back' : 'there'),
  })
  /** Answers what was asked, but refuses the first so many. */
  const answer = async (refused = 0): Promise<void> => {
    await turn()
    for (const [i, { resolve, reject }] of answers.splice(0).entries()) {
      if (i < refused) reject(new Error('CLUSTERDOWN'))
      else resolve()
    }
    await turn()
  }
  return { ear, connection, told, answer }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

it('a first connection is no return', async () => {
  const { ear, connection, told, answer } = listening('a')
  ear.up(connection, false)
  await answer()
  expect(told).toEqual(['there'])
})

it('topics that come from another master are back when the first connection to this one hears them, not before', async () => {
  const { ear, connection, told, answer } = listening('a')
  ear.expectMore()
  await turn()
  ear.up(connection, false)
  await turn()
  expect(told).toEqual([])
  await answer()
  expect(told).toEqual(['back'])
})

it('a connection that ends before it is whole leaves the return to the next one', async () => {
  const { ear, connection, told, answer } = listening('a')
  ear.up(connection, true)
  await turn()
  ear.down()
  ear.up(connection, false)
  await answer()
  expect(told).toEqual(['back'])
})

it('what Redis did not take is missing until it is asked for again and heard, whatever else is heard meanwhile', async () => {
  const [a, b] = [`{${tagOf(1)}}`, `{${tagOf(2)}}`]
  const { ear, connection, told, answer } = listening(a, b)
  ear.up(connection, true)
  await answer(1)
  expect(told).toEqual([])
  expect([ear.hears(a), ear.hears(b)]).toEqual([false, true])
  ear.check(a)
  await answer()
  expect(told).toEqual(['back'])
})
