import { expect, test } from 'vitest'
import { colour, contrast, schemesOf } from '../../chat/test/support/contrast.js'

const schemes = Object.entries(schemesOf(new URL('../src/page/style.css', import.meta.url)))

/** What stands on what, as variables of the style sheet. */
const PAIRS = [
  ...['ink', 'muted', 'accent'].flatMap((text) => ['ground', 'surface'].map((ground) => [text, ground])),
  ...['accent', 'warm', 'good'].map((tone) => [tone, `${tone}-soft`]),
  ['on-accent', 'accent'],
  ['good', 'surface'],
  ['ground', 'ink'],
] as Array<[string, string]>

test.each(schemes)('all text of the %s scheme has a contrast of 4.5 at least', (_, scheme) => {
  for (const [text, ground] of PAIRS) {
    expect(contrast(colour(scheme, text), colour(scheme, ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
  }
})

test.each(schemes)(
  'fields, rings and the lines of the columns of the %s scheme have a contrast of 3 at least',
  (_, scheme) => {
    for (const ground of ['ground', 'surface']) {
      for (const mark of ['muted', 'accent', 'warm', 'good']) {
        expect(contrast(colour(scheme, mark), colour(scheme, ground)), `${mark} on ${ground}`).toBeGreaterThanOrEqual(3)
      }
    }
  },
)
