import { clientCodec, isProtocolError, serverCodec } from '@org/realtime-protocol'
import { expect, test } from 'vitest'
import { mutated } from '../../src/fuzz/mutate.js'
import { Chance } from '../../src/sim/chance.js'
import { DECODER_INPUTS, SEED } from './budget.js'
import { corpus, validCorpus } from './corpus.js'

/** `JSON.stringify` overflows on nesting that `JSON.parse` can still read: longer texts are only read. */
const MAX_WRITTEN = 4_000

test.each([
  ['server', serverCodec, 'client'],
  ['client', clientCodec, 'server'],
] as const)(
  'the %s decodes anything to a frame or an error value, and a frame back to itself',
  { timeout: 600_000 },
  (_, codec, side) => {
    const chance = new Chance(SEED, `decoder of ${side} frames`)
    const texts = [...corpus(side), ...validCorpus(side)]
    let frames = 0
    for (let i = 0; i < DECODER_INPUTS / 2; i++) {
      const text = mutated(chance, texts, 0.9)
      const frame = codec.decode(text)
      if (isProtocolError(frame)) {
        expect(['malformed', 'unsupported']).toContain(frame.kind)
        continue
      }
      frames += 1
      // What was taken for a frame says the same when it is written and read again.
      if (text.length > MAX_WRITTEN) continue
      const written = JSON.stringify(frame)
      const again = JSON.stringify(codec.decode(written))
      expect(again, `seed ${SEED}, input ${i}: ${text.slice(0, 500)}`).toBe(written)
    }
    // Inputs that are all refused would test the refusal only.
    expect(frames).toBeGreaterThan(DECODER_INPUTS / 20)
  },
)
