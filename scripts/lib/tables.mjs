// The tables of the guides that say what the code says. Each stands between two comments that name it.

/** Pages with such tables. */
export const PAGES = ['docs/guide/errors-and-close-codes.md', 'docs/guide/limits.md']

/** What stands in a cell that only a person can fill. */
export const OPEN = '?'

/** Tables by name: from the protocol, and from the rows that the page has now. */
const TABLES = {
  'errors of servers': ({ ERROR_CODES }) => errors(ERROR_CODES, 'server'),
  'errors of clients': ({ ERROR_CODES }) => errors(ERROR_CODES, 'client'),
  'close codes': ({ CLOSE_CODES }) => [
    ['Code', 'Name', 'Reason', 'The client'],
    ...Object.entries(CLOSE_CODES).map(([name, { code, reason, policy }]) => [
      code,
      `\`${name}\``,
      reason,
      `\`${policy}\``,
    ]),
  ],
  // Names, their order and defaults come from the code. What a limit means to an application is said by hand.
  limits: ({ DEFAULT_LIMITS }, [head, ...now]) => [
    head,
    ...Object.entries(DEFAULT_LIMITS).map(([name, value]) => {
      const [, , ...words] = now.find(([first]) => first === `\`${name}\``) ?? head.map(() => OPEN)
      return [`\`${name}\``, value.toLocaleString('en'), ...words]
    }),
  ],
}

/** A page with its tables as the protocol has them; everything around them as it is. */
export function withTables(page, protocol) {
  return page.replace(
    /(<!-- table: ([\w ]+) -->\n\n)([\s\S]*?)(\n<!-- end of table -->)/g,
    (_all, begin, name, now, end) => {
      const table = TABLES[name]
      if (!table) throw new Error(`no table is called ${name}`)
      const rows = now.trim().split('\n').map(cells)
      return begin + written(table(protocol, rows)) + end
    },
  )
}

/** Names of the tables in a page. */
export function tablesIn(page) {
  return [...page.matchAll(/<!-- table: ([\w ]+) -->/g)].map(([, name]) => name)
}

/** Names of all tables there are. */
export const tableNames = Object.keys(TABLES)

function errors(codes, wanted) {
  const rows = Object.entries(codes).filter(([, { side }]) => side === wanted)
  return [
    ['Code', 'Retryable', 'Meaning', 'What to do'],
    ...rows.map(([code, { retryable, meaning, remedy }]) => [`\`${code}\``, retryable ? 'yes' : 'no', meaning, remedy]),
  ]
}

function written([head, ...rows]) {
  return [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.join(' | ')} |\n`.replaceAll('|  |', '| |'))
    .join('')
}

function cells(line) {
  return line
    .slice(1, -1)
    .split(' | ')
    .map((cell) => cell.trim())
}
