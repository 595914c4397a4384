// Finds the redis-server that the tests start, and installs it where that is one command.
import { join } from 'node:path'
import { apt, isExecutable, programFolders, run, thisMachine } from './machine.mjs'

const NAMES = ['redis-server', 'valkey-server']

const ADVICE =
  'The tests of the Redis backend need redis-server (or valkey-server) 7.0 or newer, and none was found on PATH.\n' +
  '  Debian, Ubuntu:  sudo apt-get install -y redis-server\n' +
  '  macOS:           brew install redis\n' +
  '  elsewhere:       install one and set REDIS_SERVER_PATH to its executable\n' +
  'The other levels run without it: pnpm test unit scenarios sockets browser'

/** The path of a redis-server: `REDIS_SERVER_PATH` alone when it is set, else the first known name on `PATH`. */
export function findRedis(env = process.env) {
  return located({ platform: process.platform, env, isExecutable })
}

/**
 * What to do about a redis-server on a machine: the `path` of the one it has; or `commands` that install one; or
 * `advice`, a sentence for whoever has to do it.
 */
export function planRedis(machine) {
  const path = located(machine)
  if (path) return { path }
  const given = machine.env.REDIS_SERVER_PATH
  if (given) return { advice: `REDIS_SERVER_PATH is "${given}", which is no executable.` }

  const asRoot = machine.platform === 'linux' && machine.isDebian ? machine.asRoot : undefined
  if (asRoot) {
    return {
      commands: [apt(asRoot, 'update'), apt(asRoot, 'install', '-y', '--no-install-recommends', 'redis-server')],
    }
  }
  const brew = machine.platform === 'darwin' ? machine.brew : undefined
  return brew ? { commands: [[brew, 'install', 'redis']] } : { advice: ADVICE }
}

/** Like `findRedis`, but installs one by apt or Homebrew if this user may. Throws a sentence that says what to do. */
export function requireRedis() {
  const plan = planRedis(thisMachine())
  if (plan.path) return plan.path
  if (plan.commands) {
    console.log(`No redis-server found: ${plan.commands.at(-1).join(' ')}`)
    const done = plan.commands.every(run) && findRedis()
    if (done) return done
  }
  throw new Error(plan.advice ?? ADVICE)
}

function located({ platform, env, isExecutable }) {
  if (env.REDIS_SERVER_PATH) return isExecutable(env.REDIS_SERVER_PATH) ? env.REDIS_SERVER_PATH : undefined
  const folders = programFolders({ platform, env })
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}
