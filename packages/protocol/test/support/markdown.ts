/** A table of a document: what its head says and what its rows say. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: ReadonlyArray<Readonly<Record<string, string>>>
}

/** A heading with everything up to the next one of any level. */
export interface Section {
  readonly level: number
  readonly title: string
  readonly text: string
}

/** The sections of a document, in order. Headings inside code blocks are none. */
export function sections(document: string): Section[] {
  const found: { level: number; title: string; lines: string[] }[] = []
  let inCode = false
  for (const line of document.split('\n')) {
    if (line.startsWith('```')) inCode = !inCode
    const heading = inCode ? undefined : /^(#+) (.*)$/.exec(line)
    if (heading) found.push({ level: heading[1]?.length ?? 0, title: heading[2] ?? '', lines: [] })
    else found.at(-1)?.lines.push(line)
  }
  return found.map(({ level, title, lines }) => ({ level, title, text: lines.join('\n') }))
}

/** The tables of a text. Back-ticks around a whole cell are taken off. */
export function tables(text: string): Table[] {
  return [...text.matchAll(/(?:^\|.*\|$\n?)+/gm)].map(([block]) => {
    const [head = [], , ...rows] = block.trim().split('\n').map(cells)
    return { head, rows: rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? '']))) }
  })
}

/** The code blocks of a text in one language. */
export function codeBlocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code ?? '')
}

function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1'))
}
