// `pnpm test:floors`: the floors hold. Writes offences into a copy of the workspace and demands that the compiler and the
// linter object to each one, and to nothing in the harmless files beside them.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { root } from './lib/pnpm.mjs'

const PACKAGES = ['protocol', 'server', 'client', 'scenarios']
const CONFIGS = [
  'package.json',
  'tsconfig.base.json',
  'tsconfig.build.json',
  'tsconfig.tests.json',
  'tsconfig.tools.json',
]

/** What the offences import. */
const targets = {
  'server/src/core/floor-target.ts': 'export const target = 1\n',
  'server/src/memory/floor-target.ts': 'export const target = 1\n',
  'server/src/ws/floor-target.ts': 'export const target = 1\n',
  'server/src/floor-target.ts': 'export const target = 1\n',
  'server/src/testing/floor-target.ts': 'export const target = 1\n',
  'protocol/src/testing/floor-target.ts': 'export const target = 1\n',
  'client/src/core/floor-target.ts': 'export const target = 1\n',
  'client/src/transport/floor-target.ts': 'export const target = 1\n',
  'client/src/platform/floor-target.ts': 'export const target = 1\n',
}

const importing = (specifier) => `import { target } from '${specifier}'\nexport const copy = target\n`

/** Per file: its text, and what the compiler and the linter must say about it. */
const offences = {
  'protocol/src/timer.ts': {
    text: 'export const timer = () => setTimeout(() => 1, 1)\n',
    tsc: 'setTimeout',
    eslint: 'Clock port',
  },
  'protocol/src/console.ts': {
    text: "export const print = () => console.log('x')\n",
    tsc: 'console',
    eslint: 'no-console',
  },
  'protocol/src/node.ts': { text: "export { readFileSync } from 'node:fs'\n", tsc: 'node:fs', eslint: 'no dependency' },
  'protocol/src/upward.ts': {
    text: "export type { RealtimeServer } from '@org/realtime-server'\n",
    tsc: '@org/realtime-server',
    eslint: 'may not import',
  },
  'protocol/src/kit.ts': { text: importing('./testing/floor-target.js'), eslint: 'above it' },
  'server/src/kit.ts': { text: importing('./testing/floor-target.js'), eslint: 'above it' },
  'server/src/ports/upward.ts': { text: importing('../core/floor-target.js'), tsc: 'TS6307', eslint: 'above it' },
  'server/src/core/upward.ts': { text: importing('../memory/floor-target.js'), tsc: 'TS6307', eslint: 'above it' },
  'server/src/core/front-door.ts': { text: importing('../floor-target.js'), tsc: 'TS6307', eslint: 'above it' },
  'server/src/core/timer.ts': {
    text: 'export const timer = () => setTimeout(() => 1, 1)\n',
    tsc: 'setTimeout',
    eslint: 'Clock port',
  },
  'server/src/core/microtask.ts': {
    text: 'export const later = () => queueMicrotask(() => {})\n',
    tsc: 'queueMicrotask',
    eslint: 'a port',
  },
  'server/src/core/process.ts': {
    text: 'export const id = () => process.pid\n',
    tsc: 'process',
    eslint: 'no-restricted-globals',
  },
  'server/src/core/clock.ts': { text: 'export const now = () => Date.now()\n', eslint: 'Clock port' },
  'server/src/core/date.ts': { text: 'export const now = () => new Date()\n', eslint: 'Clock port' },
  'server/src/core/random.ts': { text: 'export const draw = () => Math.random()\n', eslint: 'Random port' },
  'server/src/core/floating.ts': {
    text: 'export const forget = () => {\n  Promise.resolve(1)\n}\n',
    eslint: 'no-floating-promises',
  },
  'server/src/core/any.ts': {
    text: 'export const loose = (value: any): unknown => value\n',
    eslint: 'no-explicit-any',
  },
  'server/src/core/ignored.ts': { text: "// @ts-ignore\nexport const wrong: number = 'x'\n", eslint: 'ban-ts-comment' },
  'server/src/core/switch.ts': {
    text: "export const name = (kind: 'a' | 'b'): string | undefined => {\n  switch (kind) {\n    case 'a':\n      return 'A'\n  }\n  return undefined\n}\n",
    eslint: 'switch-exhaustiveness-check',
  },
  'server/src/memory/sibling.ts': { text: importing('../ws/floor-target.js'), eslint: 'siblings' },
  'server/src/redis/sibling.ts': { text: importing('../memory/floor-target.js'), eslint: 'siblings' },
  'server/src/memory/front-door.ts': { text: importing('../floor-target.js'), eslint: 'above it' },
  'server/src/memory/client.ts': {
    text: "export type { RealtimeClient } from '@org/realtime-client'\n",
    tsc: '@org/realtime-client',
    eslint: 'may not import',
  },
  'client/src/core/upward.ts': { text: importing('../transport/floor-target.js'), tsc: 'TS6307', eslint: 'above it' },
  'client/src/ports/upward.ts': { text: importing('../core/floor-target.js'), tsc: 'TS6307', eslint: 'above it' },
  'client/src/core/dom.ts': { text: 'export const title = () => document.title\n', tsc: 'document' },
  'client/src/core/socket.ts': {
    text: "export const open = () => new WebSocket('ws://localhost')\n",
    tsc: 'WebSocket',
  },
  'client/src/core/clock.ts': { text: 'export const now = () => Date.now()\n', eslint: 'Clock port' },
  'client/src/transport/sibling.ts': { text: importing('../platform/floor-target.js'), eslint: 'siblings' },
  'client/src/transport/server.ts': {
    text: "export type { RealtimeServer } from '@org/realtime-server'\n",
    tsc: '@org/realtime-server',
    eslint: 'may not import',
  },
  'server/test/floating.test.ts': {
    text: 'export const forget = () => {\n  Promise.resolve(1)\n}\n',
    eslint: 'no-floating-promises',
  },
}

/** Files beside the offences that nobody may object to. */
const harmless = {
  'server/src/ports/fine.ts': 'export interface Fine {\n  readonly signal: AbortSignal\n}\n',
  'server/src/core/fine.ts':
    "import type { Fine } from '../ports/fine.js'\n\nexport const bytes = (fine: Fine): number => (fine.signal.aborted ? 0 : new TextEncoder().encode('x').length)\n",
  'server/src/memory/fine.ts': importing('../core/floor-target.js'),
  'client/src/transport/fine.ts': 'export const open = (url: string): WebSocket => new WebSocket(url)\n',
}

// Inside the repository's own temp folder name there is no `node_modules`; real paths keep both tools' reports comparable.
const copy = realpathSync(mkdtempSync(join(tmpdir(), 'realtime-floors-')))
try {
  process.exitCode = check() ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}

function check() {
  copyWorkspace()
  const files = {
    ...targets,
    ...harmless,
    ...Object.fromEntries(Object.entries(offences).map(([file, { text }]) => [file, text])),
  }
  for (const [file, text] of Object.entries(files)) write(`packages/${file}`, text)

  const compiler = node('typescript/bin/tsc', [
    '-b',
    '--pretty',
    'false',
    ...PACKAGES.map((name) => `packages/${name}`),
  ])
  const compilerSays = compiler.split('\n')
  const linter = node('eslint/bin/eslint.js', [
    '--format',
    'json',
    ...Object.keys(files).map((file) => `packages/${file}`),
  ])
  const linterSays = JSON.parse(linter).flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId, message }) => `${filePath.slice(copy.length + 1)}: ${ruleId}: ${message}`),
  )

  const said = (lines, file) => lines.filter((line) => line.startsWith(`packages/${file}`))
  const complaints = []
  for (const [file, { tsc, eslint }] of Object.entries(offences)) {
    if (tsc && !said(compilerSays, file).some((line) => line.includes(tsc)))
      complaints.push(`the compiler accepts ${file}`)
    if (eslint && !said(linterSays, file).some((line) => line.includes(eslint)))
      complaints.push(`the linter accepts ${file}`)
  }
  for (const file of Object.keys({ ...targets, ...harmless })) {
    complaints.push(...[...said(compilerSays, file), ...said(linterSays, file)].map((line) => `harmless, yet: ${line}`))
  }
  for (const complaint of complaints) console.error(complaint)
  const count = Object.keys(offences).length
  console.log(
    complaints.length === 0 ? `floors: all ${count} offences are refused` : `floors: ${complaints.length} problems`,
  )
  return complaints.length === 0
}

function copyWorkspace() {
  const skipped = new Set(['dist', '.tsc'])
  for (const name of PACKAGES) {
    const filter = (source) => !skipped.has(basename(source))
    cpSync(join(root, 'packages', name), join(copy, 'packages', name), {
      recursive: true,
      filter,
      verbatimSymlinks: true,
    })
  }
  for (const name of [...CONFIGS, 'eslint.config.mjs', 'types', 'scripts']) {
    cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir')
}

function write(file, text) {
  mkdirSync(dirname(join(copy, file)), { recursive: true })
  writeFileSync(join(copy, file), text)
}

function node(bin, args) {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', bin), ...args], {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (result.error || result.status === null) throw result.error ?? new Error(`${bin} ended with ${result.signal}`)
  return result.stdout
}
