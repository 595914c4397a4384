import { readFileSync, readdirSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'

/** As long as anything that a regular expression is shown may be. */
const LENGTH = 65_536
/** What a pass over such a text takes, many times over. Backtracking by the square takes seconds. */
const BUDGET_MS = 100

/** Every regular expression in the sources of a package. */
function expressionsOf(
  name: string,
): Array<{ readonly where: string; readonly expression: RegExp; readonly source: string }> {
  const folder = new URL(`../../../${name}/src/`, import.meta.url)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  return files.flatMap((path) => {
    const found: Array<{ where: string; expression: RegExp; source: string }> = []
    const file = ts.createSourceFile(path, readFileSync(new URL(path, folder), 'utf8'), ts.ScriptTarget.ESNext)
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf('/')
        const source = node.text.slice(1, end)
        found.push({ where: `${name}/${path}`, expression: new RegExp(source, node.text.slice(end + 1)), source })
      }
      ts.forEachChild(node, visit)
    }
    visit(file)
    return found
  })
}

/** Texts that make a careless expression try again from everywhere: repetitions of what it speaks of, and an end it refuses. */
function attacksOn(source: string): string[] {
  const spoken = source.replace(/\\[wdsbWDSBnrt]/g, ' ').replace(/[\\^$*+?()[\]{}|]/g, ' ')
  const literals = [...new Set(spoken)].slice(0, 24)
  const words = spoken.match(/[A-Za-z]{2,}/g) ?? []
  const letters = ['a', '0', ' ', '-', '.', '/', ...literals]
  const pieces = [
    ...letters,
    ...words,
    ...letters.map((letter) => `a${letter}`),
    ...words.flatMap((word) => [...' -./,;:'].map((letter) => word + letter)),
  ]
  return pieces.flatMap((piece) => {
    const body = piece.repeat(LENGTH / piece.length)
    return [body, `${body}\u0000`, `${letters.join('')}${body}\u0000`]
  })
}

function timeOf(expression: RegExp, text: string): number {
  const started = performance.now()
  text.replace(expression, '')
  return performance.now() - started
}

test('no regular expression in the sources takes longer than a glance at 64 KiB, whatever they hold', () => {
  const expressions = ['protocol', 'server', 'client'].flatMap(expressionsOf)
  expect(expressions.length).toBeGreaterThan(10)
  const slow = expressions.flatMap(({ where, expression, source }) =>
    attacksOn(source).flatMap((text) => {
      // The machine may be busy with something else once, but not each time.
      let ms = Infinity
      for (let attempt = 0; attempt < 3 && ms > BUDGET_MS; attempt++) ms = Math.min(ms, timeOf(expression, text))
      return ms > BUDGET_MS ? [`${where}: ${expression} takes ${ms} ms at ${JSON.stringify(text.slice(0, 40))}`] : []
    }),
  )
  expect(slow).toEqual([])
}, 120_000)
