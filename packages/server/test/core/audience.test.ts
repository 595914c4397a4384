import { expect, test } from 'vitest'
import { Audience } from '../../src/core/audience.js'
import type { Channel } from '../../src/core/channel.js'
import { Subscription, type SubscriberLink } from '../../src/core/subscription.js'
import { encoded } from '../../src/core/encoded-frame.js'
import { VirtualClock } from '../../src/testing/index.js'

const FRAME = encoded({ type: 'state', degraded: false })

/** Whether each of some broadcasts may wait: of publications that come so often, so many together. */
async function waits(everyMs: number, together: number, times: number): Promise<boolean[]> {
  const clock = new VirtualClock()
  const audience = new Audience({ clock, writeDelayMs: 4, instruments: { slow: 0, dropped: 0 } })
  const may: boolean[] = []
  const link: SubscriberLink = {
    congested: false,
    offer: (_frame, canWait = false) => {
      may.push(canWait)
      return true
    },
    send: () => undefined,
  }
  audience.goLive(new Subscription({ audience } as Channel, link, 1))
  for (let i = 0; i < times; i++) {
    audience.expect()
    for (let j = 0; j < together; j++) audience.broadcast(FRAME, () => undefined)
    await clock.advance(everyMs)
  }
  return may
}

test('publications of a busy channel may wait for each other', async () => {
  expect((await waits(1, 1, 200)).slice(40)).not.toContain(false)
})

test('those that come together need not: they leave in one write anyway', async () => {
  expect(await waits(8, 8, 200)).not.toContain(true)
})

test('unless many such come', async () => {
  expect((await waits(1, 8, 200)).slice(400)).not.toContain(false)
})
