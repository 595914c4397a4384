// `pnpm size`: what a page downloads for the client, protocol and eventemitter3 included, and whether that is within the limit.
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './lib/pnpm.mjs'

const LIMIT_BYTES = 6_656

const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['packages/client/src/browser.ts'],
  conditions: ['@org/source', 'browser'],
  bundle: true,
  minify: true,
  target: 'es2020',
  platform: 'browser',
  format: 'esm',
  legalComments: 'none',
  metafile: true,
  write: false,
})
const code = outputFiles[0].contents
const gzipped = gzipSync(code, { level: 9 }).length
const number = (bytes) => bytes.toLocaleString('en')

if (process.argv.includes('--files')) {
  const parts = Object.entries(Object.values(metafile.outputs)[0].inputs)
  for (const [file, { bytesInOutput }] of parts.sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)) {
    console.log(`${number(bytesInOutput).padStart(8)}  ${file}`)
  }
}
console.log(`client: ${number(gzipped)} bytes gzipped (${number(code.length)} minified), limit ${number(LIMIT_BYTES)}`)
if (gzipped > LIMIT_BYTES) {
  console.error(
    `The client is ${number(gzipped - LIMIT_BYTES)} bytes over its limit. \`pnpm size --files\` shows where they are.`,
  )
  process.exitCode = 1
}
