// What the builds for browsers do besides bundling, to weigh less. `pnpm size` measures the same.
// docs/decisions/client-size.md says what it brings.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import ts from 'typescript'

/**
 * Properties of the client's own objects, which get short names. Nothing that is on the wire, public, or a member of what
 * the platform gives may be in this list; test/bundle.test.ts sees to it.
 */
export const INTERNAL_NAMES = `
  again alarms asked asks config dueAt ending engine entered fields final flying graced handlers
  heardAt hub hubs jobs line lines link links made notBefore open options over presences queue
  queuedBytes refreshing refusals rejections requests running silenceMs sockets stored timers tokenExpiresAt
  tokenFresh tokenReason unwatch wanted watched wishes
`
  .trim()
  .split(/\s+/)

/** The same, with those of eventemitter3, for esbuild. */
export const mangleProps = new RegExp(`^(_events|_eventsCount|listeners|removeListener|${INTERNAL_NAMES.join('|')})$`)

/** What the client uses of eventemitter3. */
export const EMITTER_METHODS = ['on', 'removeListener', 'listeners']

/**
 * What is always the same when the client uses eventemitter3: no listener has a context or is for once, and no browser
 * with a WebSocket needs a prefix for names.
 */
const EMITTER_CONSTANTS = { context: 'undefined', once: 'false', prefix: 'false' }

/**
 * What its conditions come to: no browser with a WebSocket is without `Object.create`, and the client always says which
 * function, one of its own.
 */
const EMITTER_CONDITIONS = { 'Object.create': 'true', "typeof fn !== 'function'": 'false', '!fn': 'false' }

/**
 * Takes the source of eventemitter3, as it is, without its CommonJS shell, without methods that nobody calls, and
 * without what is always the same. Its prototype is built by assignments, which no bundler can shake.
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
  const kept = file.statements.filter((statement) => {
    const text = statement.getText(file)
    if (/^'use strict'|^if \('undefined' !== typeof module\)|^EventEmitter\.\w+ =/.test(text)) return false
    const [, name] = /^EventEmitter\.prototype\.(\w+) =/.exec(text) ?? []
    if (name) found.add(name)
    return !name || EMITTER_METHODS.includes(name)
  })
  const missing = EMITTER_METHODS.filter((name) => !found.has(name))
  if (missing.length > 0) throw new Error(`eventemitter3 is not built as expected: no ${missing.join(', ')}`)
  const printer = ts.createPrinter({ removeComments: true })
  const print = (statement) => printer.printNode(ts.EmitHint.Unspecified, settled(statement, file), file)
  return [...kept.map(print), 'export { EventEmitter }'].join('\n')
}

/** A statement with the constants in their places: nobody declares, hands on or sets them any more. */
function settled(statement, file) {
  const isConstant = (node) => ts.isIdentifier(node) && Object.hasOwn(EMITTER_CONSTANTS, node.text)
  const callee = (call) =>
    file.statements.find((each) => ts.isFunctionDeclaration(each) && each.name.text === call.expression.text)
  const isLeftOut = (node) => {
    const { parent } = node
    if (ts.isParameter(node)) return isConstant(node.name)
    if (ts.isIfStatement(node)) return isLeftOut(node.thenStatement)
    if (ts.isExpressionStatement(node) && ts.isBinaryExpression(node.expression)) {
      const { left, operatorToken } = node.expression
      const isSet = operatorToken.kind === ts.SyntaxKind.EqualsToken
      return isSet && isConstant(ts.isPropertyAccessExpression(left) ? left.name : left)
    }
    if (!ts.isCallExpression(parent) && !ts.isNewExpression(parent)) return false
    const parameter = callee(parent)?.parameters[parent.arguments.indexOf(node)]
    return parameter !== undefined && isConstant(parameter.name)
  }
  const visit = (node) => {
    if (isLeftOut(node)) return undefined
    // Nobody chains calls.
    if (ts.isReturnStatement(node) && /^return (this|emitter);$/.test(node.getText(file)))
      return ts.factory.createReturnStatement()
    const answer = ts.isIfStatement(node.parent) && EMITTER_CONDITIONS[node.getText(file)]
    if (answer) return ts.factory.createIdentifier(answer)
    const isMember = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node
    if (isConstant(node) && !isMember && !ts.isVariableDeclaration(node.parent))
      return ts.factory.createIdentifier(EMITTER_CONSTANTS[node.text])
    return ts.visitEachChild(node, visit)
  }
  return visit(statement)
}
