// `pnpm pack:check`: packs what would be published, installs it in an empty folder as a user would, and uses it from ESM, CJS,
// a bundler, a script tag and strict TypeScript. Needs `pnpm build` first.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { findChromium } from './lib/chromium.mjs'
import { root } from './lib/pnpm.mjs'
import { packAll, run } from './lib/published.mjs'

const consumer = join(root, 'scripts', 'packed', 'consumer')
const folder = mkdtempSync(join(tmpdir(), 'realtime-packed-'))
const tarballs = packAll(join(folder, 'tarballs'))
const zod = JSON.parse(readFileSync(join(root, 'packages/protocol/node_modules/zod/package.json'), 'utf8')).version
const user = join(folder, 'user')
const alone = join(folder, 'alone')

let passed = 0
let failed = 0
try {
  await step('npm installs the three tarballs', () => npmInstall(user, ['protocol', 'server', 'client'], { zod }))
  await step('npm installs the client alone, without ws', () => {
    npmInstall(alone, ['protocol', 'client'], {})
    if (existsSync(join(alone, 'node_modules/ws'))) throw new Error('ws was installed, though it is optional')
  })
  if (failed === 0) {
    await step('ESM: a message there and back', () => run(user, process.execPath, ['esm.mjs']))
    await step('CJS: a message there and back', () => run(user, process.execPath, ['cjs.cjs']))
    await step('the client without ws imports and constructs', () => run(alone, process.execPath, ['alone.mjs']))
    await step('a bundle for the browser has the client and no ws', bundle)
    await step('the script tag file and the bundle talk to a server', inBrowser)
    await step('strict TypeScript, Node, ESM', () => compile('node', 'mts'))
    await step('strict TypeScript, Node, CJS', () => compile('node', 'cts'))
    await step('strict TypeScript, browser, bundler', () => compile('browser', 'ts'))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`packed: ${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function step(name, check) {
  try {
    await check()
    passed += 1
    console.log(`ok    ${name}`)
  } catch (error) {
    failed += 1
    console.error(`FAIL  ${name}\n${error.message ?? error}`)
  }
}

function npmInstall(target, names, others) {
  cpSync(consumer, target, { recursive: true })
  const packed = Object.fromEntries(names.map((name) => [`@org/realtime-${name}`, `file:${tarballs[name]}`]))
  const overrides = Object.fromEntries(Object.keys(packed).map((name) => [name, `$${name}`]))
  const manifest = { name: 'user', version: '1.0.0', private: true, dependencies: { ...packed, ...others }, overrides }
  writeFileSync(join(target, 'package.json'), JSON.stringify(manifest))
  // What the surrounding package manager says about its own project is not meant for this folder.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([key]) => !/^(npm_(package|lifecycle|config_local_prefix)|INIT_CWD)/i.test(key),
    ),
  )
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  run(target, 'npm', ['install', '--prefix', target, ...flags], env)
}

async function bundle() {
  const { metafile } = await build({
    absWorkingDir: user,
    entryPoints: ['page.mjs'],
    outfile: 'bundle.js',
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2020',
    metafile: true,
    logLevel: 'silent',
  })
  const inputs = Object.keys(metafile.inputs)
  const unwanted = inputs.filter((input) => /node_modules\/ws\//.test(input))
  if (unwanted.length > 0) throw new Error(`the bundle contains ${unwanted.join(', ')}`)
  if (!inputs.some((input) => input.endsWith('realtime-client/dist/browser.js'))) {
    throw new Error(`the bundler did not take the browser entry, but ${inputs.join(', ')}`)
  }
}

async function inBrowser() {
  const executablePath = findChromium()
  if (!executablePath) return inContext()
  const server = spawn(process.execPath, ['serve.mjs'], { cwd: user, stdio: ['ignore', 'pipe', 'inherit'] })
  let browser
  try {
    const address = await firstLine(server)
    browser = await chromium.launch({ executablePath })
    for (const page of ['tag.html', 'bundle.html']) {
      const tab = await browser.newPage()
      await tab.goto(`${address}/${page}`)
      const text = await tab.evaluate(talkInPage)
      if (text !== 'hi') throw new Error(`${page}: published "hi", received ${text}`)
    }
  } finally {
    await browser?.close()
    server.kill()
  }
}

/** Runs in the page. */
async function talkInPage() {
  const client = new globalThis.Realtime.RealtimeClient(globalThis.location.origin.replace('http', 'ws') + '/realtime')
  const room = client.channel('room:42')
  const received = new Promise((resolve, reject) => {
    room.on('message', resolve)
    setTimeout(() => reject(new Error('no message within 10 s')), 10_000)
  })
  await room.ready()
  await room.publish({ text: 'hi' })
  return (await received).data.text
}

/** Without a browser: the script at least loads by itself and names its classes. */
function inContext() {
  console.log('      (no browser found: the script tag file is only loaded, not run against a server)')
  const file = join(user, 'node_modules/@org/realtime-client/dist/realtime-client.global.js')
  const context = createContext({})
  runInContext(`${readFileSync(file, 'utf8')}\nthis.Realtime = Realtime`, context)
  if (typeof context.Realtime.RealtimeClient !== 'function') throw new Error('Realtime.RealtimeClient is missing')
}

async function firstLine(child) {
  const line = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened`)))
  })
  return await line
}

function compile(platform, extension) {
  const target = join(user, `types-${platform}-${extension}`)
  mkdirSync(target)
  const imported = { mts: 'mjs', cts: 'cjs', ts: 'js' }[extension]
  const files = platform === 'node' ? ['use', 'serve', 'tested'] : ['use']
  for (const file of files) {
    const text = readFileSync(join(consumer, 'types', `${file}.ts.txt`), 'utf8').replaceAll('EXTENSION', imported)
    writeFileSync(join(target, `${file}.${extension}`), text)
  }
  const shared = { target: 'ES2022', strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true, noEmit: true }
  const compilerOptions =
    platform === 'node'
      ? { ...shared, module: 'NodeNext', lib: ['ES2022'], types: ['node'] }
      : { ...shared, module: 'ESNext', moduleResolution: 'bundler', customConditions: ['browser'], types: [] }
  writeFileSync(
    join(target, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: files.map((file) => `${file}.${extension}`) }),
  )
  run(target, process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.', '--pretty', 'false'])
}
