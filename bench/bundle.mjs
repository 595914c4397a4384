// Makes the three programs of the bench from their sources: the one that leads, the server, and the load generator.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * @param {'built' | 'sources'} of What the server under measurement is taken from: the packages as they are published, or
 * their sources, for tests that run without a build.
 * @returns The folder with `main.js`, `server.js`, `generator.js` and `publish.js`.
 */
export async function bundle(of) {
  const folder = here(`dist/${of}`)
  await build({
    entryPoints: {
      main: here('src/main.ts'),
      server: here('src/processes/server.ts'),
      generator: here('src/processes/generator.ts'),
      publish: here('src/publish.ts'),
    },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    ...(of === 'built'
      ? { packages: 'external' }
      : {
          conditions: ['@org/source'],
          external: ['ws', 'socket.io', '@socket.io/*', 'prom-client', 'ioredis', 'esbuild'],
        }),
  })
  return folder
}
