import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const css = readFileSync(new URL('../src/page/style.css', import.meta.url), 'utf8')
const [, light = '', dark = ''] = css.split(':root {').map((part) => part.slice(0, part.indexOf('}')))

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

function colour(scheme: string, name: string): string {
  const found = new RegExp(`--${name}: #([0-9a-f]{6})`).exec(scheme)?.[1]
  if (!found) throw new Error(`no colour ${name}`)
  return found
}

/** WCAG 2.2, contrast ratio. */
function contrast(a: string, b: string): number {
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((i) => {
    const value = parseInt(hex.slice(i, i + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
