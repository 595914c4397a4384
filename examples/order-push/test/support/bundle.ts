import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const example = fileURLToPath(new URL('../../', import.meta.url))
const pages = ['customer.ts', 'shop.ts', 'customer.html', 'shop.html', 'style.css']

/**
 * Bundles the pages, and servers to run as processes of their own, from the sources of the packages: no test needs a build.
 * The folder is inside the example, so that what is not bundled is found.
 */
export async function bundle(servers: readonly string[] = []) {
  const cache = join(example, 'node_modules', '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'test-'))
  const common = { bundle: true, format: 'esm', logLevel: 'error' } as const
  await build({
    ...common,
    entryPoints: pages.map((name) => join(example, 'src', 'page', name)),
    target: 'es2022',
    conditions: ['@org/source', 'browser'],
    loader: { '.html': 'copy' },
    outdir: join(folder, 'page'),
  })
  await build({
    ...common,
    entryPoints: servers.map((name) => join(example, name)),
    platform: 'node',
    target: 'node20',
    conditions: ['@org/source'],
    external: ['pg-native', 'bufferutil', 'utf-8-validate'],
    // Packages in the older form ask for this.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    entryNames: '[name]',
    outdir: folder,
  })
  return {
    pages: pathToFileURL(join(folder, 'page/')),
    /** The file of a server, ready to run. */
    server: (name: string) => join(folder, `${name}.js`),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export type Bundle = Awaited<ReturnType<typeof bundle>>
