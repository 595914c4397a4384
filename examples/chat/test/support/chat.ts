import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { memory } from '@org/realtime-server'
import { build } from 'esbuild'
import { createChat } from '../../src/chat.js'

const source = fileURLToPath(new URL('../../src/page/', import.meta.url))

/** Bundles the page from the sources of the packages, so that no test needs a build. */
export async function bundlePage() {
  const folder = await mkdtemp(join(tmpdir(), 'realtime-chat-'))
  await build({
    entryPoints: ['page.ts', 'index.html', 'style.css'].map((name) => join(source, name)),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@org/source', 'browser'],
    loader: { '.html': 'copy' },
    outdir: folder,
    logLevel: 'error',
  })
  return {
    url: pathToFileURL(`${folder}/`),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Starts a chat with a memory of its own: a second one on the same port is what a restarted process would be. */
export async function startChat(page: URL, port = 0) {
  const backend = memory()
  const { http, realtime } = createChat({ page, backend })
  http.listen(port, '127.0.0.1')
  await once(http, 'listening')
  return {
    realtime,
    backend,
    port: (http.address() as AddressInfo).port,
    async close() {
      const closed = once(http, 'close')
      http.close()
      await realtime.close()
      http.closeAllConnections()
      await closed
    },
  }
}

export type RunningChat = Awaited<ReturnType<typeof startChat>>
