import { CONTENDERS, type ContenderName } from './contenders/index.js'
import { readable } from './numbers/format.js'
import type { ContenderResult, Results, RowResult } from './results.js'

const WIDTH = 860
const LABEL = 210
const SCALE = 420
const BAR = 15
const PAD = 24

/** Colours for light and dark, told apart by brightness as well. */
const COLORS: Readonly<Record<ContenderName, readonly [light: string, dark: string]>> = {
  realtime: ['#0b62d6', '#58a6ff'],
  'ws-framed': ['#57606a', '#8b949e'],
  ws: ['#8c959f', '#6e7681'],
  'socket.io': ['#c9d1d9', '#484f58'],
  'socket.io-redis': ['#c9d1d9', '#484f58'],
  'socket.io-streams': ['#afb8c1', '#59636e'],
  'redis-publish': ['#8c959f', '#6e7681'],
}

/** A picture of the rows: each bar is a share of what the largest of its row takes. Follows the theme of the reader. */
export function chart({ rows }: Results): string {
  let y = PAD + 8
  const drawn = rows.map((row) => {
    const [text, height] = drawRow(row, y)
    y += height
    return text
  })
  const style = Object.entries(COLORS).map(([name, [light]]) => `.${classOf(name)}{fill:${light}}`)
  const dark = Object.entries(COLORS).map(([name, [, color]]) => `.${classOf(name)}{fill:${color}}`)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" role="img">
<title>What the server spends, by row; less is better</title>
<style>
text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.unit{fill:#59636e}
${style.join('')}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.unit{fill:#9198a1}${dark.join('')}}
</style>
${drawn.join('\n')}
</svg>
`
}

function drawRow({ title, unit, contenders }: RowResult, top: number): [string, number] {
  const largest = Math.max(...contenders.map(({ median }) => median))
  const bars = contenders.map((contender, i) => bar(contender, top + 8 + i * (BAR + 4), largest))
  const head = `<text class="title" x="0" y="${top}">${escaped(title)} <tspan class="unit">${escaped(unit)}</tspan></text>`
  return [[head, ...bars].join('\n'), contenders.length * (BAR + 4) + 8 + PAD]
}

function bar({ name, median }: ContenderResult, y: number, largest: number): string {
  const width = largest === 0 ? 0 : Math.max(1, (median / largest) * SCALE)
  const label = CONTENDERS[name].replaceAll('`', '')
  return (
    `<text x="${LABEL - 8}" y="${y + 12}" text-anchor="end">${escaped(label)}</text>` +
    `<rect class="${classOf(name)}" x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>` +
    `<text x="${(LABEL + width + 8).toFixed(1)}" y="${y + 12}">${readable(median)}</text>`
  )
}

function classOf(name: string): string {
  return name.replace('.', '-')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
