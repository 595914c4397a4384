import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** What a page downloads for a client. */
export interface ClientSize {
  /** Name of the package. */
  readonly name: string
  /** Minified and gzipped, with all it needs. */
  readonly gzippedBytes: number
}

/** What a page may download for ours. */
export const CLIENT_LIMIT_BYTES = 10_240

/** Each brings a connection, and what a page needs to use it. */
const CLIENTS: Readonly<Record<string, string>> = {
  '@org/realtime-client': `export * from '@org/realtime-client'`,
  'socket.io-client': `export { io } from 'socket.io-client'`,
  centrifuge: `export { Centrifuge } from 'centrifuge'`,
}

/** Weighs the clients as a bundler would ship them. @param folder Where their packages are found. */
export async function clientSizes(folder: string): Promise<ClientSize[]> {
  return Promise.all(
    Object.entries(CLIENTS).map(async ([name, contents]) => {
      const { outputFiles } = await build({
        stdin: { contents, resolveDir: folder },
        bundle: true,
        minify: true,
        format: 'esm',
        platform: 'browser',
        target: 'es2020',
        legalComments: 'none',
        write: false,
      })
      return { name, gzippedBytes: gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length }
    }),
  )
}
