// The packages that users install, and how a user would get them: as packed tarballs.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pnpm, root } from './pnpm.mjs'

export const PUBLISHED = ['protocol', 'server', 'client']

/** Runs a command and shows its output only if it fails, by throwing it. */
export function run(cwd, command, args, env = process.env) {
  const result = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  })
  if (result.status === 0) return result.stdout
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`.trim()
  throw new Error(`${[command, ...args].join(' ')}\n${output}`)
}

/** Packs every published package into `folder`, as a publish would, and returns `{ name: path of the tarball }`. */
export function packAll(folder) {
  return Object.fromEntries(
    PUBLISHED.map((name) => {
      const target = join(folder, name)
      mkdirSync(target, { recursive: true })
      const [command, ...args] = pnpm('pack', '--pack-destination', target)
      run(join(root, 'packages', name), command, args)
      const tarball = readdirSync(target).find((file) => file.endsWith('.tgz'))
      if (!tarball) throw new Error(`pnpm pack made no tarball of ${name}; run \`pnpm build\` first`)
      return [name, join(target, tarball)]
    }),
  )
}
