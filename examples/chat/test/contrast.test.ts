import { expect, test } from 'vitest'
import { colour, contrast, schemesOf } from './support/contrast.js'

const { light, dark } = schemesOf(new URL('../src/page/style.css', import.meta.url))

/** What stands on what, as variables of the style sheet. */
const PAIRS = [
  ['ink', 'ground'],
  ['ink', 'surface'],
  ['ink', 'mine'],
  ['muted', 'ground'],
  ['muted', 'surface'],
  ['muted', 'mine'],
  ['on-accent', 'accent'],
  ['alarm', 'ground'],
  ['alarm', 'mine'],
  ['ground', 'ink'],
  ['surface', 'alarm'],
] as const

test.each([
  ['light', light],
  ['dark', dark],
])('all text of the %s scheme has a contrast of 4.5 at least', (_, scheme) => {
  for (const [text, ground] of PAIRS) {
    expect(contrast(colour(scheme, text), colour(scheme, ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
  }
})

test.each([
  ['light', light],
  ['dark', dark],
])('fields and focus rings of the %s scheme have a contrast of 3 at least', (_, scheme) => {
  for (const ground of ['ground', 'surface', 'mine']) {
    for (const mark of ['muted', 'accent']) {
      expect(contrast(colour(scheme, mark), colour(scheme, ground)), `${mark} on ${ground}`).toBeGreaterThanOrEqual(3)
    }
  }
})
