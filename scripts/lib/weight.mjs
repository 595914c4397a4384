// What a page downloads for a module: bundled and minified by esbuild for ES2020, gzipped at level 9.
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './pnpm.mjs'

/** Weighs what esbuild makes of its options. `parts` are the files, with what each contributes. */
export async function weigh(options) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    bundle: true,
    minify: true,
    target: 'es2020',
    platform: 'browser',
    format: 'esm',
    legalComments: 'none',
    metafile: true,
    ...options,
    write: false,
  })
  const code = outputFiles[0].contents
  return {
    minified: code.length,
    gzipped: gzipSync(code, { level: 9 }).length,
    parts: Object.entries(Object.values(metafile.outputs)[0].inputs),
  }
}
