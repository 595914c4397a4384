import { expect, it } from 'vitest'
import type { Connection } from '../../src/redis/connection.js'
import { Ear } from '../../src/redis/ear.js'

/** An ear for some topics, whose Redis answers when it is told to. */
function listening(...topics: string[]) {
  const told: string[] = []
  const answers: (() => void)[] = []
  const connection = {
    send: () => new Promise<void>((resolve) => answers.push(resolve)),
  } as unknown as Connection
  const ear = new Ear({
    isSharded: false,
    wants: (topic) => topics.includes(topic),
    all: () => topics,
    heard: () => undefined,
    refused: () => undefined,
    whole: (wasAway) => told.push(wasAway ? 'back' : 'there'),
  })
  const answer = async (): Promise<void> => {
    await turn()
    for (const resolve of answers.splice(0)) resolve()
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
