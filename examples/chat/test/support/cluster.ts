import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { until } from './until.js'

const example = fileURLToPath(new URL('../../', import.meta.url))

/** The demo of several servers, ready to run. */
export interface ClusterProgram {
  readonly file: string
  remove(): Promise<void>
}

/** Bundles the demo of several servers, with its page, from the sources of the packages. */
export async function bundleCluster(): Promise<ClusterProgram> {
  const cache = join(example, 'node_modules', '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'cluster-'))
  await build({
    entryPoints: {
      cluster: join(example, 'src/cluster/main.ts'),
      'cluster-node': join(example, 'src/cluster/node.ts'),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@org/source'],
    external: ['bufferutil', 'utf-8-validate'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    outdir: folder,
    logLevel: 'error',
  })
  await build({
    entryPoints: ['page.ts', 'index.html', 'style.css'].map((name) => join(example, 'src/page', name)),
    bundle: true,
    format: 'esm',
    conditions: ['@org/source', 'browser'],
    loader: { '.html': 'copy' },
    outdir: join(folder, 'page'),
    logLevel: 'error',
  })
  return { file: join(folder, 'cluster.js'), remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Runs the demo on any port that is free. */
export function runCluster({ file }: ClusterProgram, env: Record<string, string>) {
  const child = spawn(process.execPath, [file], { env: { ...process.env, PORT: '0', ...env } })
  const ended = once(child, 'exit') as Promise<[code: number | null]>
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (printed += bytes.toString()))
  return {
    child,
    ended,
    printed: () => printed,
    /** Resolves to the address of the page, as it is printed. */
    async ready(): Promise<string> {
      const address = /is ready: (http\S+)/
      await until(
        'the address',
        () => printed,
        (text) => address.test(text),
      )
      return address.exec(printed)?.[1] ?? ''
    },
    async stop(): Promise<void> {
      child.kill('SIGTERM')
      await ended
    },
  }
}
