import { expect, test } from 'vitest'
import { Pair } from './pair.js'

/** Everything of a channel's log, oldest first. */
async function logOf(pair: Pair, channel: string): Promise<unknown[]> {
  const found: unknown[] = []
  for (let after: { epoch: string; offset: number } | undefined; ; ) {
    const page = await pair.server.history(channel, after ? { after } : { after: { epoch: '', offset: 0 } })
    found.push(...page.publications.map(({ data }) => data))
    const last = page.publications.at(-1)
    if (!page.more || !last) return found
    after = { epoch: last.epoch, offset: last.offset }
  }
}

test('a client that publishes 500 messages at once has each of them stored once and in order, over one link', async () => {
  const pair = new Pair()
  const client = pair.client('bursting')
  const failures: unknown[] = []
  let stored = 0
  for (let i = 0; i < 500; i++) {
    client
      .channel('c')
      .publish(i)
      .then(
        () => (stored += 1),
        (error: unknown) => failures.push(error),
      )
  }
  await pair.time.runUntil(30_000)
  expect({ stored, failures, ends: pair.ends }).toEqual({ stored: 500, failures: [], ends: [] })
  expect(await logOf(pair, 'c')).toEqual(Array.from({ length: 500 }, (_, i) => i))
  expect(pair.refusals().length).toBeGreaterThan(0)
})

test('no message is sent again before the retryAfterMs of its refusal has passed', async () => {
  const pair = new Pair()
  const client = pair.client('bursting')
  let first: number | undefined
  const accepted: number[] = []
  for (let i = 0; i < 300; i++)
    void client
      .channel('c')
      .publish(i)
      .then(() => accepted.push(pair.time.now))
  for (let at = 1; at <= 2_000; at++) {
    await pair.time.runUntil(at)
    if (first === undefined && pair.refusals().length > 0) first = at
  }
  const [retryAfterMs = 0] = pair.refusals()
  expect(retryAfterMs).toBeGreaterThan(500)
  const during = accepted.filter((at) => at > (first ?? 0) + 10 && at < (first ?? 0) + retryAfterMs)
  expect(during).toEqual([])
  expect(accepted.some((at) => at > (first ?? 0) + retryAfterMs)).toBe(true)
})

test('500 messages at once to 50 channels are stored within the age of the outbox, and nobody is cut', async () => {
  const pair = new Pair()
  const client = pair.client('spreading')
  const failures: unknown[] = []
  let stored = 0
  for (let i = 0; i < 500; i++) {
    client
      .channel(`c${i % 50}`)
      .publish(i)
      .then(
        () => (stored += 1),
        (error: unknown) => failures.push(error),
      )
  }
  await pair.time.runUntil(60_000)
  expect({ stored, failures, ends: pair.ends }).toEqual({ stored: 500, failures: [], ends: [] })
})

test('an outbox that is full at once, over all the channels there may be, is sent without a cut', async () => {
  const pair = new Pair()
  const client = pair.client('full')
  const failures: string[] = []
  let stored = 0
  for (let i = 0; i < 1_000; i++) {
    client
      .channel(`c${i % 128}`)
      .publish(i)
      .then(
        () => (stored += 1),
        (error: { code: string }) => failures.push(error.code),
      )
  }
  await pair.time.runUntil(120_000)
  expect({ stored, failures, ends: pair.ends }).toEqual({ stored: 1_000, failures: [], ends: [] })
})

test('128 channels that are subscribed at once are all subscribed, the last ones a little later', async () => {
  const pair = new Pair()
  const client = pair.client('listening')
  void client.connect()
  await pair.time.runUntil(100)
  const got: string[] = []
  for (let i = 0; i < 128; i++) client.channel(`c${i}`).on('message', ({ channel }) => void got.push(channel))
  await pair.time.runUntil(5_000)
  expect(pair.refusals().length).toBe(28)
  for (let i = 0; i < 128; i++) await pair.server.publish(`c${i}`, i)
  await pair.time.runUntil(6_000)
  expect(got).toHaveLength(128)
  expect(pair.ends).toEqual([])
})

test('a client that finds the node full comes back by itself once there is room', async () => {
  const pair = new Pair({ limits: { connections: 1 } })
  const first = pair.client('first')
  void first.connect()
  await pair.time.runUntil(100)
  const second = pair.client('second', '192.0.2.2')
  void second.connect()
  await pair.time.runUntil(1_000)
  expect([first.state.status, second.state.status]).toEqual(['connected', 'connecting'])
  expect(pair.ends).toEqual([4006])
  await pair.time.runUntil(4_900)
  // The hint of the server is a floor: nobody asked again.
  expect(pair.ends).toEqual([4006])
  void first.close()
  await pair.time.runUntil(40_000)
  expect(second.state.status).toBe('connected')
})
