// `node bench/size.mjs`: what a page downloads for a client, ours from its sources and those of others as their packages
// say it. All of a client is weighed that an application cannot leave out.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leanEventEmitter, mangleProps } from '../packages/client/bundle.mjs'
import { weigh } from '../scripts/lib/weight.mjs'

const here = dirname(fileURLToPath(import.meta.url))

/** Clients of others, with what a page takes from each. */
const PEERS = { 'socket.io-client': 'io', centrifuge: 'Centrifuge', ably: 'Realtime' }

/** The clients, the lightest first: name, version of those of others, bytes minified and gzipped. */
export async function clientSizes() {
  const ours = await weigh({
    entryPoints: ['packages/client/src/browser.ts'],
    conditions: ['@org/source', 'browser'],
    plugins: [leanEventEmitter],
    mangleProps,
  })
  const rows = [{ name: '@org/realtime-client', version: '', ...sizes(ours) }]
  for (const [name, taken] of Object.entries(PEERS)) {
    const contents = `export { ${taken} } from '${name}'`
    const theirs = await weigh({ stdin: { contents, resolveDir: here }, conditions: ['browser'] })
    rows.push({ name, version: version(name), ...sizes(theirs) })
  }
  return rows.sort((a, b) => a.gzipped - b.gzipped)
}

function sizes({ minified, gzipped }) {
  return { minified, gzipped }
}

/** Version of an installed package: its manifest is above its entry, and not always exported. */
function version(name) {
  const { resolve } = createRequire(join(here, 'size.mjs'))
  for (let folder = dirname(resolve(name)); ; folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      if (manifest.name === name) return manifest.version
    } catch {
      if (folder === dirname(folder)) return ''
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log('| Client | Version | Gzipped | Minified |\n| --- | --- | --- | --- |')
  for (const { name, version, gzipped, minified } of await clientSizes()) {
    console.log(`| ${name} | ${version} | ${gzipped.toLocaleString('en')} | ${minified.toLocaleString('en')} |`)
  }
}
