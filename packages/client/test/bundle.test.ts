import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { EventEmitter } from 'eventemitter3'
import fc from 'fast-check'
import ts from 'typescript'
import { beforeAll, describe, expect, test } from 'vitest'
import { EMITTER_METHODS, INTERNAL_NAMES, lean, leanEventEmitter, mangleProps } from '../bundle.mjs'
import { RealtimeClient } from '../src/index.js'
import { settled } from './support/settled.js'
import { World } from './support/world.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const names = new Set(INTERNAL_NAMES)

/** What users can see, or what is on the wire: none of it may be renamed. */
const PUBLIC = [
  'src/options.ts',
  'src/events.ts',
  'src/core/events.ts',
  'src/core/errors.ts',
  'src/messages.ts',
  'src/ports',
]

function filesIn(path: string): readonly string[] {
  if (path.endsWith('.ts')) return [path]
  return (
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      // Kits for tests are in no bundle for browsers.
      .filter((name) => name.endsWith('.ts') && !name.startsWith('testing'))
      .map((name) => join(path, name))
  )
}

/** Names of properties that a file declares in types, classes and objects. */
function declared(path: string): readonly string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) || ts.isMethodSignature(node) || ts.isPropertyDeclaration(node))
      found.push(node.name.getText())
    else if (ts.isMethodDeclaration(node) || ts.isGetAccessor(node) || ts.isPropertyAssignment(node))
      found.push(node.name.getText())
    else if (ts.isShorthandPropertyAssignment(node)) found.push(node.name.getText())
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true))
  return found
}

describe('the names that builds shorten', () => {
  test('are none of the wire and of the protocol package, which is another bundle', () => {
    const protocol = filesIn(join(root, '../protocol/src')).flatMap(declared)
    expect(protocol.length).toBeGreaterThan(200)
    expect(protocol.filter((name) => names.has(name))).toEqual([])
  })

  test('are none that users see', () => {
    const seen = PUBLIC.flatMap((path) => filesIn(join(root, path))).flatMap(declared)
    expect(seen.length).toBeGreaterThan(100)
    expect(seen.filter((name) => names.has(name))).toEqual([])
  })

  test('are only ever members of what the client itself makes, and all of them are used', () => {
    const sources = filesIn(join(root, 'src'))
    const program = ts.createProgram([...sources], {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      customConditions: ['@org/source'],
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
      strict: true,
      noEmit: true,
      types: [],
    })
    const checker = program.getTypeChecker()
    const used = new Set<string>()
    const foreign: string[] = []
    const visit = (node: ts.Node): void => {
      const isMember =
        ts.isIdentifier(node) &&
        names.has(node.text) &&
        ((ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) ||
          (ts.isBindingElement(node.parent) &&
            ts.isObjectBindingPattern(node.parent.parent) &&
            (node.parent.propertyName ?? node.parent.name) === node))
      if (isMember) {
        used.add(node.text)
        const symbol = ts.isBindingElement(node.parent)
          ? checker.getTypeAtLocation(node.parent.parent).getProperty(node.text)
          : checker.getSymbolAtLocation(node)
        const files = symbol?.declarations?.map((declaration) => declaration.getSourceFile().fileName) ?? ['nowhere']
        for (const file of files) {
          if (relative(join(root, 'src'), file).startsWith('..')) foreign.push(`${node.text} of ${file}`)
        }
      }
      // A name in a text would not be renamed along.
      if (ts.isStringLiteral(node) && names.has(node.text) && !ts.isLiteralTypeNode(node.parent)) {
        const compares =
          ts.isBinaryExpression(node.parent) && node.parent.operatorToken.kind === ts.SyntaxKind.InKeyword
        if (compares || ts.isElementAccessExpression(node.parent)) foreign.push(`'${node.text}' as a text`)
      }
      ts.forEachChild(node, visit)
    }
    for (const source of program.getSourceFiles()) if (sources.includes(source.fileName)) visit(source)
    expect(foreign).toEqual([])
    expect(INTERNAL_NAMES.filter((name) => !used.has(name))).toEqual([])
  }, 60_000)
})

describe('eventemitter3 in builds for browsers', () => {
  const path = createRequire(import.meta.url).resolve('eventemitter3')
  const source = readFileSync(path, 'utf8')
  let Lean: typeof EventEmitter

  beforeAll(async () => {
    const url = `data:text/javascript,${encodeURIComponent(lean(source))}`
    Lean = ((await import(/* @vite-ignore */ url)) as { EventEmitter: typeof EventEmitter }).EventEmitter
  })

  test('does what the whole of it does, as far as the client uses it', () => {
    const listeners = [() => 1, () => 2, () => 3]
    const step = fc.tuple(fc.constantFrom('on', 'removeListener'), fc.constantFrom('a', 'b'), fc.nat(2))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const [whole, part] = [new EventEmitter(), new Lean()]
        for (const [method, event, n] of steps) {
          for (const emitter of [whole, part]) emitter[method](event, listeners[n]!)
          for (const name of ['a', 'b']) expect(part.listeners(name)).toEqual(whole.listeners(name))
        }
      }),
    )
  })

  test('has no other method, and is refused when it is not written as expected', () => {
    const methods = Object.keys(Lean.prototype as object)
    expect(methods.sort()).toEqual([...EMITTER_METHODS].sort())
    expect(() => lean(source.replaceAll('EventEmitter.prototype.on', 'EventEmitter.prototype.listen'))).toThrow('no on')
  })
})

describe('the build for browsers', () => {
  let code: string
  let inputs: readonly string[]

  beforeAll(async () => {
    const { outputFiles, metafile } = await build({
      absWorkingDir: dirname(root),
      entryPoints: [join(root, 'src/browser.ts')],
      conditions: ['@org/source', 'browser'],
      bundle: true,
      format: 'esm',
      metafile: true,
      write: false,
      plugins: [leanEventEmitter],
      mangleProps,
    })
    code = outputFiles[0]?.text ?? ''
    inputs = Object.keys(metafile.inputs)
  })

  test('has one eventemitter3, nothing of CommonJS, and short names', () => {
    expect(inputs.filter((input) => input.includes('eventemitter3'))).toHaveLength(1)
    expect(code).not.toMatch(/__commonJS|__toESM|\bmodule\.exports\b/)
    expect(code).not.toMatch(/\b(tokenExpiresAt|silenceMs)\b/)
  })

  test('says and hears the same as the sources', async () => {
    const url = `data:text/javascript,${encodeURIComponent(code)}`
    const bundled = (await import(/* @vite-ignore */ url)) as { RealtimeClient: typeof RealtimeClient }
    const expected = await conversation(RealtimeClient)
    expect(await conversation(bundled.RealtimeClient)).toEqual(expected)
    expect(expected.length).toBeGreaterThan(60)
  })
})

/** Everything a client can do, once: what it sent and what its listeners heard. */
async function conversation(Client: typeof RealtimeClient): Promise<readonly string[]> {
  const heard: string[] = []
  const note = (what: string) => (detail: unknown) => void heard.push(`${what} ${JSON.stringify(detail)}`)
  let tokens = 0
  const world = new World({ token: () => `t${++tokens}`, data: { a: 1 } }, Client)
  const { client, clock } = world
  for (const event of ['state', 'connected', 'gap', 'rollback', 'outbox', 'message', 'error'] as const) {
    client.on(event, note(event))
  }
  const room = client.channel('room', { since: 'start' })
  for (const event of ['gap', 'rollback', 'state', 'join', 'leave', 'presence'] as const) room.on(event, note(event))
  const off = room.on('message', note('room'))
  client.method('confirm', (input) => ({ input }))
  const settle = (what: string, promise: Promise<unknown>) => void promise.then(note(what), note(`${what} failed`))
  settle('ready', client.ready())
  settle('subscribed', room.ready())
  settle('call', client.call('m', { x: 1 }))
  settle('published', room.publish('a', { key: 'k' }))
  settle('entered', room.presence.enter({ name: 'A' }))
  settle('history', room.history({ limit: 3 }))
  await settled()
  let link = world.link.accept({ expiresInMs: 60_000 })
  link.subscribed('room', 'e', 2, { head: 3 })
  link.publish('room', 'e', 3, 4)
  link.publish('room', 'e', 9)
  link.subscribed('room', 'e', 8, { gap: { reason: 'trimmed', from: 5, to: 8 } })
  const position = { epoch: 'e', offset: 1 }
  const answer = (fields: object) =>
    link.say({
      type: 'reply',
      ref: link.sent.flatMap((frame) => ('ref' in frame ? (frame.ref ?? 0) : [])).at(-1)!,
      position,
      ...fields,
    })
  for (const frame of link.sent) {
    if (frame.type === 'call') link.say({ type: 'result', ref: frame.ref, data: 'done' })
    if (frame.type === 'publish') link.say({ type: 'reply', ref: frame.ref, position: { epoch: 'e', offset: 3 } })
    if (frame.type === 'history') link.say({ type: 'reply', ref: frame.ref, position, publications: [], more: false })
    if (frame.type === 'presence') link.say({ type: 'reply', ref: frame.ref, position, count: 0, members: [] })
  }
  link.say({ type: 'join', channel: 'room', epoch: 'e', offset: 2, user: 'bob', session: 'b', data: 1 })
  link.say({ type: 'leave', channel: 'room', epoch: 'e', offset: 3, user: 'bob', session: 'b' })
  link.say({ type: 'call', ref: 1, method: 'confirm', data: 2 }, { type: 'call', ref: 2, method: 'none' })
  link.say({ type: 'expiring', expiresInMs: 1_000 }, { type: 'state', degraded: true }, { type: 'ping' })
  link.say({ type: 'subscribed', channel: 'news', generation: 0, position, head: 1 })
  link.publish('news', 'e', 2)
  room.send('typing')
  settle('get', room.presence.get())
  answer({ count: 1, members: [{ user: 'bob', session: 'b' }] })
  settle('lost', client.call('pay'))
  await settled()
  heard.push(...link.sent.map((frame) => JSON.stringify(frame)))
  link = await world.reconnect({ resumed: true, rebases: [{ channel: 'room', from: 'e', end: 2, to: 'f' }] })
  world.network.tell('offline')
  world.network.tell('online')
  off()
  await clock.advance(2_000)
  link.end(4500, 'expired')
  await clock.advance(1_000)
  link = world.link.accept()
  await clock.advance(36_000)
  await client.close()
  await settled()
  return [...heard, ...world.links.flatMap(({ sent, hungUp }) => [...sent, hungUp]).map((each) => JSON.stringify(each))]
}
