import { expect, test } from 'vitest'
import { MeasuredServer } from '../support/measured-server.js'

const MIB = 1_048_576
const MAX_BYTES = 32 * MIB

/** Source of what is published, by number: channel, data, settings. */
const WAYS: Record<string, string> = {
  'messages of 1 KiB': '["c" + (i % 100), "x".repeat(1000) + i, {}]',
  'a channel for each message': '["c" + i, i, {}]',
  'a key for each message': '["c" + (i % 90), i, { key: "key of some length " + i }]',
  'texts beyond ASCII': '["c" + (i % 100), "x".repeat(500) + "€" + i, {}]',
}

test.each(Object.entries(WAYS))(
  'what logs take in memory is about what they are counted with: %s',
  async (name, way) => {
    const server = await MeasuredServer.start({
      options: `{ backend: memory({ maxBytes: ${MAX_BYTES} }), limits: { logMessages: 100_000, logBytes: ${MAX_BYTES} } }`,
      act: `for (let i = 0; ; i++) {
      const [channel, data, settings] = ${way}
      try { await realtime.publish(channel, data, settings) } catch { return i }
      if (i % 1_000 === 0) await new Promise(setImmediate)
    }`,
    })
    const before = await server.weigh()
    const stored = (await server.act(0)) as number
    const after = await server.weigh()
    const grown = after.rssBytes - before.rssBytes
    console.log(`${name}: ${stored} messages, ${(grown / MIB).toFixed(1)} MiB of ${MAX_BYTES / MIB}`)
    // The process itself grows by some 10 MiB when it is used for the first time.
    expect(grown).toBeLessThan(1.6 * MAX_BYTES)
    expect(grown).toBeGreaterThan(MAX_BYTES / 4)
  },
)
