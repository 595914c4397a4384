// What the builds for browsers do besides bundling, to weigh less. `pnpm size` measures the same.
// docs/decisions/client-size.md says what it brings.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import ts from 'typescript'

/**
 * Properties of the client's own objects, which get short names. Nothing that is on the wire, public, or a member of what
 * the platform gives may be in this list; test/bundle.test.ts sees to it.
 */
export const INTERNAL_NAMES = [
  ...[
    'asked',
    'asks',
    'config',
    'dueAt',
    'engine',
    'entered',
    'fields',
    'final',
    'flying',
    'frame',
    'graced',
    'heardAt',
  ],
  ...['hub', 'line', 'lines', 'link', 'links', 'made', 'notBefore', 'phase', 'ports', 'presences', 'put', 'queue'],
  ...['refreshing', 'refusals', 'rejections', 'silenceMs', 'timers', 'tokenExpiresAt', 'tokenFresh'],
  ...['tokenReason', 'until', 'wanted', 'watched'],
]

/** The same, with those of eventemitter3, for esbuild. */
export const mangleProps = new RegExp(`^(_events|_eventsCount|${INTERNAL_NAMES.join('|')})$`)

/** What the client uses of eventemitter3. */
export const EMITTER_METHODS = ['on', 'off', 'listeners']

/**
 * Takes the source of eventemitter3, as it is, without its CommonJS shell and without methods that nobody calls. Its
 * prototype is built by assignments, which no bundler can shake.
 */
export const leanEventEmitter = {
  name: 'lean-eventemitter3',
  setup(build) {
    build.onResolve({ filter: /^eventemitter3$/ }, ({ resolveDir }) => ({
      path: createRequire(`${resolveDir}/`).resolve('eventemitter3'),
      namespace: 'lean-eventemitter3',
    }))
    build.onLoad({ filter: /.*/, namespace: 'lean-eventemitter3' }, ({ path }) => ({
      contents: lean(readFileSync(path, 'utf8')),
    }))
  },
}

/** The statements of eventemitter3 that the client needs, as a module. */
export function lean(source) {
  const file = ts.createSourceFile('eventemitter3.js', source, ts.ScriptTarget.Latest, true)
  const found = new Set()
  const kept = file.statements
    .map((statement) => statement.getText(file))
    .filter((text) => {
      if (/^'use strict'|^if \('undefined' !== typeof module\)|^EventEmitter\.\w+ =/.test(text)) return false
      // `off` is another name of it.
      const [, name] = /^EventEmitter\.prototype\.(\w+) =/.exec(text) ?? []
      if (name) found.add(name)
      return !name || name === 'removeListener' || EMITTER_METHODS.includes(name)
    })
  const missing = EMITTER_METHODS.filter((name) => !found.has(name))
  if (missing.length > 0) throw new Error(`eventemitter3 is not built as expected: no ${missing.join(', ')}`)
  return [...kept, 'export { EventEmitter }'].join('\n')
}
