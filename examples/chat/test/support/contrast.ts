import { readFileSync } from 'node:fs'

/** The variables of a style sheet: those of the light scheme, and those of the dark one. */
export function schemesOf(sheet: URL): { readonly light: string; readonly dark: string } {
  const css = readFileSync(sheet, 'utf8')
  const [, light = '', dark = ''] = css.split(':root {').map((part) => part.slice(0, part.indexOf('}')))
  return { light, dark }
}

/** The value of a variable. */
export function colour(scheme: string, name: string): string {
  const found = new RegExp(`--${name}: #([0-9a-f]{6})`).exec(scheme)?.[1]
  if (!found) throw new Error(`no colour ${name}`)
  return found
}

/** WCAG 2.2, contrast ratio. */
export function contrast(a: string, b: string): number {
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
