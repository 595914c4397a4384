import { array, assert, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { Heartbeat } from '../../src/core/heartbeat.js'

const times = { heartbeatMs: 25_000, heartbeatTimeoutMs: 10_000 }

function setUp(given = times) {
  const pulse = {
    receivedBytes: 0,
    pings: 0,
    dead: false,
    ping: () => void (pulse.pings += 1),
    flatline: () => void (pulse.dead = true),
  }
  return { pulse, heartbeat: new Heartbeat(pulse, given) }
}

test('it pings every 25 s, and looks for an answer 10 s after each ping', () => {
  const { pulse, heartbeat } = setUp()
  for (let i = 1; i <= 3; i++) {
    expect(heartbeat.turn()).toBe(10_000)
    expect(pulse.pings).toBe(i)
    pulse.receivedBytes += 1
    expect(heartbeat.turn()).toBe(15_000)
    expect(pulse.pings).toBe(i)
  }
})

test('silence after a ping ends the link, and its task', () => {
  const { pulse, heartbeat } = setUp()
  pulse.receivedBytes = 99
  heartbeat.turn()
  expect(pulse.dead).toBe(false)
  expect(heartbeat.turn()).toBeUndefined()
  expect(pulse.dead).toBe(true)
})

test('one byte after each ping keeps a link alive for ever: a slow upload is no death', () => {
  assert(
    property(array(integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 50 }), (trickle) => {
      const { pulse, heartbeat } = setUp()
      for (const bytes of trickle) {
        heartbeat.turn()
        pulse.receivedBytes += bytes
        expect(heartbeat.turn()).toBeDefined()
      }
      expect([pulse.dead, pulse.pings]).toEqual([false, trickle.length])
    }),
  )
})

test('bytes that came before the ping are no answer to it', () => {
  const { pulse, heartbeat } = setUp()
  heartbeat.turn()
  pulse.receivedBytes += 1
  heartbeat.turn()
  pulse.receivedBytes += 1_000
  heartbeat.turn()
  expect(heartbeat.turn()).toBeUndefined()
  expect(pulse.dead).toBe(true)
})

test('when interval and timeout are equal, the next ping follows the verdict', () => {
  const { pulse, heartbeat } = setUp({ heartbeatMs: 10_000, heartbeatTimeoutMs: 10_000 })
  expect(heartbeat.turn()).toBe(10_000)
  pulse.receivedBytes += 1
  expect(heartbeat.turn()).toBe(0)
})
