import * as protocol from '@org/realtime-protocol'
import { CLOSE_CODES, DEFAULT_LIMITS, ERROR_CODES, type GapReason } from '@org/realtime-protocol'
import { describe, expect, test } from 'vitest'
import { OPEN, PAGES, tableNames, tablesIn, withTables } from '../../../../scripts/lib/tables.mjs'
import { FAULTS as CHAOS } from '../../src/chaos/faults/index.js'
import { MUTANTS } from '../../src/mutants/mutants.js'
import { FAULTS } from '../../src/sim/faults.js'
import { mutants } from '../history/mutants/index.js'
import { anchorsOf, exists, linksOf, namesIn, pages, pathsIn, rowsOf, textOf } from './pages.js'

describe.each(pages())('%s', (page) => {
  test('links to what is there', () => {
    const links = linksOf(page)
    expect(links.filter(({ target }) => !exists(target))).toEqual([])
    expect(links.filter(({ target, anchor }) => anchor && !anchorsOf(target).includes(anchor))).toEqual([])
  })

  test('names files that are there', () => {
    expect(pathsIn(page).filter((path) => !exists(path))).toEqual([])
  })
})

describe('the tables that are written from the code', () => {
  test.each(PAGES)('of %s are as `pnpm run docs:tables` writes them, and complete', (page) => {
    expect(withTables(textOf(page), protocol)).toBe(textOf(page))
    expect(textOf(page)).not.toContain(`| ${OPEN} |`)
  })

  test('are each on one page', () => {
    expect(PAGES.flatMap((page) => tablesIn(textOf(page))).sort()).toEqual([...tableNames].sort())
  })

  test('follow the code, keep the words beside it, and leave open what only a person can say', () => {
    const page = (rows: string) => `<!-- table: limits -->\n\n${rows}\n<!-- end of table -->\n`
    const head = '| Name | Default | Set by | Bounds | When it is met |\n| --- | --- | --- | --- | --- |\n'
    const limits = { ...DEFAULT_LIMITS, channels: 7, inFlight: 8 }
    const after = withTables(page(`${head}| \`inFlight\` | 1 | server | words | more words |\n`), {
      ...protocol,
      DEFAULT_LIMITS: limits,
    })
    expect(after).toContain(`| \`channels\` | 7 | ${OPEN} | ${OPEN} | ${OPEN} |\n`)
    expect(after).toContain('| `inFlight` | 8 | server | words | more words |\n')
    expect(withTables(after, { ...protocol, DEFAULT_LIMITS: limits })).toBe(after)
  })
})

describe('a table says what the code says:', () => {
  test('error codes', () => {
    const page = 'docs/guide/errors-and-close-codes.md'
    const written = rowsOf(page, 'Code', 'Retryable').map((row) => [
      row['Code'],
      { retryable: row['Retryable'] === 'yes', meaning: row['Meaning'], remedy: row['What to do'] },
    ])
    const known = Object.entries(ERROR_CODES).map(([code, { retryable, meaning, remedy }]) => [
      code,
      { retryable, meaning, remedy },
    ])
    expect(written).toEqual(known)
  })

  test('close codes', () => {
    const page = 'docs/guide/errors-and-close-codes.md'
    const written = rowsOf(page, 'Code', 'Name').map((row) => [
      row['Name'],
      { code: number(row['Code']), reason: row['Reason'], policy: row['The client'] },
    ])
    expect(written).toEqual(Object.entries(CLOSE_CODES))
  })

  test('limits', () => {
    const written = rowsOf('docs/guide/limits.md', 'Name', 'Default').map((row) => [
      row['Name'],
      number(row['Default']),
    ])
    expect(written).toEqual(Object.entries(DEFAULT_LIMITS))
  })

  test('gap reasons', () => {
    const reasons: Record<GapReason, true> = { trimmed: true, slow: true, rollback: true, epoch: true, unknown: true }
    const written = rowsOf('docs/guide/delivery-guarantees.md', 'reason').map((row) => row['reason'])
    expect(written).toEqual(Object.keys(reasons))
  })
})

test('README.md counts what there is to count', () => {
  const readme = textOf('README.md').replace(/\s+/g, ' ')
  const run = textOf('packages/scenarios/test/sim/promise.test.ts')
  const figures = {
    'harm in (N) ways': Object.keys(FAULTS).length,
    'failed over in (N) ways': Object.keys(CHAOS).length,
    'judges it by (N) rules': new Set(mutants.map(({ rule }) => rule)).size,
    'there are (N) ways of breaking one': mutants.length,
    'the engine is broken in (N) ways': MUTANTS.length,
    'at least (N) deliveries': constant(run, 'LEAST_DELIVERIES'),
    'each kind of harm at least (N) times': constant(run, 'LEAST_HITS'),
    'within (N) seeds': constant(textOf('packages/scenarios/test/sim/mutants.test.ts'), 'SCHEDULES'),
    'Fuzz**: (N) broken inputs': Number(
      /'INPUTS'\] \?\? ([\d_]+)/.exec(textOf('packages/scenarios/test/fuzz/budget.ts'))?.[1]?.replaceAll('_', ''),
    ),
    'and (N) by `pnpm fuzz`': Number(/INPUTS \?\? '(\d+)'/.exec(textOf('scripts/fuzz.mjs'))?.[1]),
    'at most (N) bytes gzipped': constant(textOf('scripts/size.mjs'), 'LIMIT_BYTES'),
  }
  const written = Object.keys(figures).map((words) => {
    const found = new RegExp(words.replace('**', '\\*\\*').replace('N', '[\\d,]+')).exec(readme)
    return [words, number(found?.[1])]
  })
  expect(Object.fromEntries(written)).toEqual(figures)
})

test('docs/chaos.md says of every kind of fault what happens', () => {
  const written = rowsOf('docs/chaos.md', 'Kind', 'What happens').map((row) => [row['Kind'], row['What happens']])
  expect(written).toEqual(Object.entries(CHAOS).map(([kind, { says }]) => [kind, says]))
})

test('the guide to scaling out says of every fault of one part what is lost, as chaos plays it', () => {
  const rows = rowsOf('docs/guide/scaling-out.md', 'What is lost', 'Played as')
  const written = rows.flatMap(({ 'What is lost': lost = '', 'Played as': kinds = '' }) =>
    [...kinds.matchAll(/[a-z-]+\.[a-z-]+/g)].map(([kind]) => [kind, !lost.startsWith('nothing')]),
  )
  const played = Object.entries(CHAOS).filter(([kind]) => !kind.startsWith('mixed.'))
  expect(written.map(([kind]) => kind).sort()).toEqual(played.map(([kind]) => kind).sort())
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(played.map(([kind, { isLossy }]) => [kind, isLossy])))
})

test('every guide is part of the reference', () => {
  const { projectDocuments } = JSON.parse(textOf('typedoc.json')) as { projectDocuments: string[] }
  expect([...projectDocuments].sort()).toEqual(
    namesIn('docs/guide')
      .map((name) => `docs/guide/${name}`)
      .sort(),
  )
})

describe('capabilities', () => {
  const rows = rowsOf('docs/capabilities.md', 'Id', 'Shown by')
  const shown = rows.flatMap(({ Id: id = '', 'Shown by': cell = '' }) => shownBy(cell).map((each) => ({ id, ...each })))

  test('every row is there once, in order', () => {
    const sizes = { A: 14, B: 11, C: 11, D: 11, E: 10 }
    const ids = Object.entries(sizes).flatMap(([letter, size]) =>
      Array.from({ length: size }, (_, i) => letter + (i + 1)),
    )
    expect(rows.map((row) => row['Id'])).toEqual(ids)
  })

  test('every row says which tests show it, or that none does yet', () => {
    const silent = rows.filter(
      ({ Id: id, 'Shown by': cell = '' }) => !cell.includes('not yet') && !shown.some((each) => each.id === id),
    )
    expect(silent).toEqual([])
  })

  test('every test named is there, with the id of its row', () => {
    const missing = shown.filter(({ id, file, name }) => {
      const names = exists(file) ? testNames(file) : []
      return !names.some((each) => each.text === name && each.ids.includes(id))
    })
    expect(missing).toEqual([])
  })

  test('every test that carries an id is named', () => {
    const carrying = testFiles().flatMap((file) =>
      testNames(file).flatMap(({ text, ids }) => ids.map((id) => ({ id, file, name: text }))),
    )
    const unnamed = carrying.filter(
      ({ id, file, name }) => !shown.some((each) => each.id === id && each.file === file && each.name === name),
    )
    expect(unnamed).toEqual([])
  })
})

describe('the comparison of README.md', () => {
  const rows = rowsOf('README.md', '@org/realtime', 'Socket.IO')
  /** Where each of the others speaks for itself. */
  const HOMES: Readonly<Record<string, RegExp>> = {
    'Socket.IO': /^https:\/\/socket\.io\//,
    Centrifugo: /^https:\/\/centrifugal\.dev\//,
    Ably: /^https:\/\/ably\.com\//,
    SignalR: /^https:\/\/learn\.microsoft\.com\/aspnet\/core\/signalr\//,
    Phoenix: /^https:\/\/hexdocs\.pm\/phoenix\//,
  }
  const linksIn = (cell: string) => [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, address = '']) => address)

  test('says what we have with a test that shows it, or "not yet"', () => {
    expect(rows.length).toBeGreaterThan(10)
    const bare = rows.filter(({ '@org/realtime': cell = '' }) => {
      const tests = linksIn(cell).filter((path) => path.endsWith('.test.ts') && exists(path))
      return tests.length === 0 && !cell.startsWith('not yet')
    })
    expect(bare).toEqual([])
  })

  test('says of others only what a page of theirs says, and names the page', () => {
    for (const [name, home] of Object.entries(HOMES)) {
      const cells = rows.map((row) => row[name] ?? 'no such column').filter((cell) => cell !== '')
      expect(cells.length).toBeGreaterThan(3)
      expect(
        cells.filter((cell) => linksIn(cell).length !== 1 || !linksIn(cell).every((link) => home.test(link))),
      ).toEqual([])
    }
  })

  test('holds no figures of how fast anything is', () => {
    for (const row of rows) expect(Object.values(row).join(' ')).not.toMatch(/\d+ ?(ms|msg|messages|k|KB|MB|\/s)\b/i)
  })
})

describe('hazards', () => {
  const rows = rowsOf('docs/hazards.md', 'What goes wrong', 'Shown by')

  test('every row says which tests show that it does not happen here, or that it is not yet so', () => {
    expect(rows.length).toBeGreaterThan(30)
    const silent = rows.filter(
      ({ Here: here = '', 'Shown by': cell = '' }) => here.startsWith('not yet') === shownBy(cell).length > 0,
    )
    expect(silent).toEqual([])
  })

  test('every test named is there', () => {
    const named = rows.flatMap((row) => shownBy(row['Shown by'] ?? ''))
    expect(named.filter(({ file, name }) => !exists(file) || !titlesIn(file).includes(name))).toEqual([])
  })
})

/** The tests that a cell names. */
function shownBy(cell: string): Array<{ readonly file: string; readonly name: string }> {
  return [...cell.matchAll(/`([^`]+)`: “([^”]+)”/g)].map(([, file = '', name = '']) => ({ file, name }))
}

/** Titles of the tests of a file, as they are written there: behind `test(`, or behind the table of `test.each`. */
function titlesIn(file: string): string[] {
  const titles = textOf(file).matchAll(/(?:\btest\(|\)\()\s*(['"`])(.*?)\1,/g)
  return [...titles].map(([, , title = '']) => title.replace(/^(\[[A-E]\d+\] ?)+/, ''))
}

/** Names of tests that carry ids in square brackets, and the ids, taken off. */
function testNames(file: string): Array<{ readonly text: string; readonly ids: readonly string[] }> {
  const names = textOf(file).matchAll(/(['"`])((?:\[[A-E]\d+\] ?)+)(.*?)\1/g)
  return [...names].map(([, , ids = '', text = '']) => ({ text: text.trim(), ids: ids.match(/[A-E]\d+/g) ?? [] }))
}

function testFiles(): string[] {
  const folders = ['packages', 'examples'].flatMap((kind) => namesIn(kind).map((name) => `${kind}/${name}/test`))
  return folders.flatMap(filesBelow).filter((file) => file.endsWith('.test.ts'))
}

function filesBelow(folder: string): string[] {
  return namesIn(folder).flatMap((name) => {
    const path = `${folder}/${name}`
    return name.includes('.') ? [path] : filesBelow(path)
  })
}

/** A number as people write it. */
function number(text: string | undefined): number {
  return Number(text?.replaceAll(',', ''))
}

/** Value of a numeric constant in a source. */
function constant(source: string, name: string): number {
  return Number(new RegExp(`${name} = ([\\d_]+)`).exec(source)?.[1]?.replaceAll('_', ''))
}
