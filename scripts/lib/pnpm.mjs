// Runs pnpm: the one that called us, else the pinned one through npx. Needs nothing installed.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of the checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The command line of pnpm, as an array. */
export function pnpm(...args) {
  const pinned = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')).packageManager.split('@')[1]
  const caller = /^pnpm\/(\d+)\./.exec(process.env.npm_config_user_agent ?? '')
  const path = process.env.npm_execpath
  if (path && caller?.[1] === pinned.split('.')[0]) {
    return /\.[cm]?js$/.test(path) ? [process.execPath, path, ...args] : [path, ...args]
  }
  return ['npx', '-y', `pnpm@${pinned}`, ...args]
}

/** Installs what the lockfile says, or ends the process: nothing may run on a half-installed workspace. */
export function installOrExit() {
  const [command, ...args] = pnpm('install', '--frozen-lockfile')
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.status === 0) return
  console.error(
    `\nThe install failed (${result.error?.message ?? result.signal ?? `exit ${result.status}`}); nothing was run.`,
  )
  process.exit(1)
}
