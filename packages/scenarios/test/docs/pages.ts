import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The workspace. */
export const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** Text of a file, by its path in the workspace. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Whether there is a file or folder. */
export function exists(path: string): boolean {
  return existsSync(join(root, path))
}

/** Names in a folder; none when it is not there. */
export function namesIn(folder: string): string[] {
  return exists(folder) ? readdirSync(join(root, folder)) : []
}

/** Every page that people read, by its path. */
export function pages(): string[] {
  const below = (folder: string) => namesIn(folder).map((name) => `${folder}/${name}`)
  const folders = ['docs', 'docs/guide', 'docs/decisions', 'bench', ...below('packages'), ...below('examples')]
  const found = [...namesIn('.'), ...folders.filter(isFolder).flatMap(below)]
  return [...found.filter((path) => path.endsWith('.md')), 'packages/protocol/vectors/README.md'].sort()
}

/** A code block, and the name that its first line gives it. */
export interface Block {
  readonly page: string
  readonly name: string | undefined
  readonly code: string
}

/** The TypeScript in a page. */
export function typeScriptIn(page: string): Block[] {
  return [...textOf(page).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => ({
    page,
    name: /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1],
    code,
  }))
}

/** A link to something in the workspace. */
export interface PageLink {
  readonly page: string
  readonly target: string
  readonly anchor: string | undefined
}

/** The links of a page that do not leave the workspace. */
export function linksOf(page: string): PageLink[] {
  return [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, address = '']) => {
    if (/^[a-z]+:/.test(address)) return []
    const [path = '', anchor] = address.split('#', 2)
    return [{ page, target: path ? posix.normalize(posix.join(dirname(page), path)) : page, anchor }]
  })
}

/** Files and folders of the workspace that a page names in back-ticks. */
export function pathsIn(page: string): string[] {
  const named = prose(page).matchAll(/`((?:packages|examples|docs|scripts|types|\.ci)\/[\w./-]+)`/g)
  return [...named].map(([, path = '']) => path)
}

/** What a page's headings can be linked by. */
export function anchorsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-'),
  )
}

/** The rows of all tables of a page whose heads have these columns. Back-ticks around a whole cell are taken off. */
export function rowsOf(page: string, ...columns: string[]): Array<Readonly<Record<string, string>>> {
  return [...prose(page).matchAll(/(?:^\|.*\|$\n?)+/gm)].flatMap(([table]) => {
    const [head = [], , ...rows] = table.trim().split('\n').map(cells)
    if (!columns.every((column) => head.includes(column))) return []
    return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ''])))
  })
}

function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/ \|(?= )/)
    .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1'))
}

/** A page without its code blocks. */
function prose(page: string): string {
  return textOf(page).replace(/^```[\s\S]*?^```$/gm, '')
}

function isFolder(path: string): boolean {
  return !path.endsWith('.md') && exists(`${path}/.`)
}
