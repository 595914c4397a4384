import { expect, test } from 'vitest'
import { Announcer } from '../src/cluster/announcer.js'

test('says one thing after the other, and the latest once, however often things change meanwhile', async () => {
  let now = 0
  const said: number[] = []
  const ends: Array<() => void> = []
  const announcer = new Announcer(() => {
    said.push(now)
    return new Promise((resolve) => ends.push(resolve))
  })
  const change = () => {
    now += 1
    announcer.changed()
  }
  const settle = async () => {
    ends.shift()?.()
    await new Promise((resolve) => setTimeout(resolve))
  }
  change()
  change()
  change()
  expect(said).toEqual([1])
  await settle()
  expect(said).toEqual([1, 3])
  await settle()
  expect(said).toEqual([1, 3])
  change()
  expect(said).toEqual([1, 3, 4])
})
