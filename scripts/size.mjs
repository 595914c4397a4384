// `pnpm size`: what a page downloads for the client, protocol and eventemitter3 included, and whether that is within the limit.
import { existsSync } from 'node:fs'
import { leanEventEmitter, mangleProps } from '../packages/client/bundle.mjs'
import { root } from './lib/pnpm.mjs'
import { weigh } from './lib/weight.mjs'

// The law, with everything in it. docs/decisions/client-size.md says what keeps it, and what more would cost.
const LIMIT_BYTES = 10_240

const number = (bytes) => bytes.toLocaleString('en')
const sources = await weigh({
  entryPoints: ['packages/client/src/browser.ts'],
  conditions: ['@org/source', 'browser'],
  plugins: [leanEventEmitter],
  mangleProps,
})
const sizes = { 'from sources': sources }
// What is published: it must not weigh more because bundles shake less well than modules.
if (existsSync(`${root}/packages/client/dist/browser.js`)) {
  sizes['as published'] = await weigh({
    entryPoints: ['packages/client/dist/browser.js'],
    conditions: ['browser'],
  })
}

if (process.argv.includes('--files')) {
  for (const [file, { bytesInOutput }] of sources.parts.sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)) {
    console.log(`${number(bytesInOutput).padStart(8)}  ${file}`)
  }
}
for (const [what, { minified, gzipped }] of Object.entries(sizes)) {
  console.log(
    `client ${what}: ${number(gzipped)} bytes gzipped (${number(minified)} minified), limit ${number(LIMIT_BYTES)}`,
  )
  if (gzipped <= LIMIT_BYTES) continue
  console.error(
    `The client is ${number(gzipped - LIMIT_BYTES)} bytes over its limit. \`pnpm size --files\` shows where they are.`,
  )
  process.exitCode = 1
}
