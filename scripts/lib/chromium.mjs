// Finds the Chromium that the browser tests drive, and installs it where that is one command.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

/** The path of a Chromium: `CHROMIUM_PATH` alone when it is set, else the first known name on `PATH`. */
export function findChromium(env = process.env) {
  if (env.CHROMIUM_PATH) return isExecutable(env.CHROMIUM_PATH) ? env.CHROMIUM_PATH : undefined
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...candidates, MAC].find(isExecutable)
}

/** Like `findChromium`, but installs one by apt on Debian and Ubuntu if this user may. Throws a sentence that says what to do. */
export function requireChromium() {
  const found = findChromium()
  if (found) return found
  if (process.env.CHROMIUM_PATH)
    throw new Error(`CHROMIUM_PATH is "${process.env.CHROMIUM_PATH}", which is no executable.`)
  if (aptInstall()) {
    const installed = findChromium()
    if (installed) return installed
  }
  throw new Error(
    'The browser tests need Chromium or Chrome, and none was found on PATH.\n' +
      '  Debian, Ubuntu:  sudo apt-get install -y chromium   (Ubuntu: chromium-browser)\n' +
      '  macOS:           brew install --cask google-chrome\n' +
      '  elsewhere:       install one and set CHROMIUM_PATH to its executable\n' +
      'The other levels run without it: pnpm test:unit, pnpm test:scenarios, pnpm test:sockets',
  )
}

function aptInstall() {
  if (process.platform !== 'linux' || !isDebian()) return false
  const sudo = sudoPrefix()
  if (!sudo) return false
  console.log('No Chromium found: installing it with apt-get.')
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, 'apt-get', '-o', 'DPkg::Lock::Timeout=300', '-q', ...args]
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    return spawnSync(command, rest, { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0
  }
  const install = (name) => apt('install', '-y', '--no-install-recommends', name)
  return apt('update') && (install('chromium') || install('chromium-browser'))
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

function sudoPrefix() {
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return existsSync(path)
  } catch {
    return false
  }
}
