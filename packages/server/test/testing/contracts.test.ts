import { describe, expect, test } from 'vitest'
import { SUBPROTOCOL } from '@org/realtime-protocol'
import { systemRandom } from '../../src/platform/system-random.js'
import type { Transport, TransportHandler } from '../../src/index.js'
import {
  clockContract,
  connectPair,
  randomContract,
  seededRandom,
  transportContract,
  VirtualClock,
  type TransportFixture,
} from '../../src/testing/index.js'

const framework = { describe, expect, test }

clockContract(framework, 'of the kit', () => {
  const clock = new VirtualClock()
  return { clock, advance: (ms) => clock.advance(ms) }
})

randomContract(framework, 'of the kit', () => seededRandom(1))
randomContract(framework, 'of the machine', () => systemRandom)

test('chance of the kit is that of its seed', () => {
  expect(seededRandom(1).id()).toBe(seededRandom(1).id())
  expect(seededRandom(1).id()).not.toBe(seededRandom(2).id())
})

/** Links of the kit, each a pair of its own. */
function pairs(latencyMs: number): TransportFixture {
  const clock = new VirtualClock()
  return {
    async open(handler: TransportHandler) {
      let transport: Transport | undefined
      const accept = (link: Transport): TransportHandler => {
        transport = link
        return handler
      }
      const pair = connectPair({ accept }, { clock, latencyMs })
      const heard: string[] = []
      let end: { code: number; reason: string } | undefined
      const link = pair.transport.dial('ws://test/', SUBPROTOCOL, {
        opened: () => undefined,
        message: (text) => heard.push(text),
        closed: (code, reason) => (end = { code, reason }),
      })
      await clock.advance(2 * latencyMs)
      await clock.settle()
      if (!transport) throw new Error('the link was not accepted')
      const peer = {
        heard,
        get end() {
          return end
        },
        say: (text: string) => link.send(text),
        close: (code: number, reason: string) => link.close(code, reason),
        stall: () => pair.stall('to-client'),
        resume: () => pair.resume('to-client'),
      }
      return { transport, peer }
    },
    async eventually(condition) {
      for (let i = 0; i < 100 && !condition(); i++) await clock.advance(latencyMs + 1)
      expect(condition()).toBe(true)
    },
    quiet: () => clock.advance(4 * latencyMs),
    dispose: () => Promise.resolve(),
  }
}

transportContract(framework, 'of the kit', () => pairs(0))
transportContract(framework, 'of the kit, with latency', () => pairs(20))
