// Finds the Chromium that the browser tests drive, and installs it where that is one command.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { apt, isExecutable, programFolders, run, thisMachine } from './machine.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const APPS = ['Google Chrome', 'Chromium']

const ADVICE =
  'The browser tests need Chromium or Chrome, and none was found on PATH.\n' +
  '  Debian, Ubuntu:  sudo apt-get install -y chromium   (Ubuntu: chromium-browser)\n' +
  '  macOS:           brew install --cask google-chrome\n' +
  '  elsewhere:       install one and set CHROMIUM_PATH to its executable\n' +
  'The other levels run without it: pnpm test:unit, pnpm test:scenarios, pnpm test:sockets'

/** The path of a Chromium: `CHROMIUM_PATH` alone when it is set, else the first known name on `PATH`, else an app of macOS. */
export function findChromium(env = process.env) {
  return located({ platform: process.platform, env, home: homedir(), isExecutable })
}

/**
 * What to do about a Chromium on a machine: the `path` of the one it has; or `attempts` to install one, each a list of
 * commands, the next one tried when one fails; or `advice`, a sentence for whoever has to do it.
 */
export function planChromium(machine) {
  const { platform, env } = machine
  const path = located(machine)
  if (path) return { path }
  if (env.CHROMIUM_PATH) return { advice: `CHROMIUM_PATH is "${env.CHROMIUM_PATH}", which is no executable.` }

  const asRoot = platform === 'linux' && machine.isDebian ? machine.asRoot : undefined
  if (asRoot) {
    const install = (name) => apt(asRoot, 'install', '-y', '--no-install-recommends', name)
    return { attempts: [[apt(asRoot, 'update'), install('chromium')], [install('chromium-browser')]] }
  }
  const brew = platform === 'darwin' ? machine.brew : undefined
  if (brew) {
    const install = (cask) => [brew, 'install', '--cask', cask]
    return { attempts: [[install('google-chrome')], [install('chromium')]] }
  }
  return { advice: ADVICE }
}

function located({ platform, env, home, isExecutable }) {
  if (env.CHROMIUM_PATH) return isExecutable(env.CHROMIUM_PATH) ? env.CHROMIUM_PATH : undefined
  const folders = programFolders({ platform, env })
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  const places = platform === 'darwin' ? ['/Applications', join(home, 'Applications')] : []
  const apps = APPS.flatMap((app) => places.map((place) => join(place, `${app}.app`, 'Contents', 'MacOS', app)))
  return [...onPath, ...apps].find(isExecutable)
}

/** Like `findChromium`, but installs one by apt or Homebrew if this user may. Throws a sentence that says what to do. */
export function requireChromium() {
  const plan = planChromium(thisMachine())
  if (plan.path) return plan.path
  for (const commands of plan.attempts ?? []) {
    console.log(`No Chromium found: ${commands.at(-1).join(' ')}`)
    const done = commands.every(run) && findChromium()
    if (done) return done
  }
  throw new Error(plan.advice ?? ADVICE)
}
