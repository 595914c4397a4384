import { expect, test } from 'vitest'
import { world } from '../support/world.js'

// A second of work on an idle machine, and much more on a busy one: no time is measured here.
test('200 links that read nothing hold up nobody: the others get each message in its own turn', async () => {
  const { connected, server, clock } = world({ limits: { logMessages: 5_000, logBytes: 16_000_000 }, writeDelayMs: 0 })
  const slow = await Promise.all(Array.from({ length: 200 }, () => connected()))
  const quick = [await connected(), await connected()]
  for (const client of [...slow, ...quick]) await client.subscribe({ channel: 'c', generation: 1 })
  for (const client of slow) client.stall()
  const data = 'x'.repeat(1_000)
  for (let offset = 1; offset <= 600; offset++) {
    void server.publish('c', data)
    await clock.settle()
    expect(quick.map((client) => client.offsets().at(-1))).toEqual([offset, offset])
  }
  // 600 kB were published; no link holds more than the soft limit and one message.
  for (const { bufferedBytes } of slow) expect(bufferedBytes).toBeLessThan(262_144 + 2_000)
  expect(quick[0]?.offsets()).toHaveLength(600)
  const held = slow.map(({ bufferedBytes }) => bufferedBytes)
  void server.publish('c', data)
  await clock.settle()
  expect(slow.map(({ bufferedBytes }) => bufferedBytes)).toEqual(held)

  for (const client of slow) await client.resume()
  await clock.settle()
  const all = Array.from({ length: 601 }, (_, i) => i + 1)
  for (const client of slow) expect(client.offsets()).toEqual(all)
}, 60_000)
