// What a machine is and may do, for plans that find or install a program of the system.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

// Where Homebrew puts itself and its programs is not on the PATH of every shell.
const BREW_FOLDERS = ['/opt/homebrew/bin', '/usr/local/bin']
// Where a Linux has its servers is on the PATH of root only, in many of them.
const LINUX_FOLDERS = ['/usr/local/sbin', '/usr/sbin']

/** Folders of the PATH, and those where a system keeps programs besides. */
export function programFolders({ platform, env }) {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean)
  if (platform === 'darwin') return [...folders, ...BREW_FOLDERS]
  return platform === 'linux' ? [...folders, ...LINUX_FOLDERS] : folders
}

/** What plans are made from. Asks the machine only what a plan for its platform needs. */
export function thisMachine() {
  const { platform, env } = process
  return {
    platform,
    env,
    home: homedir(),
    isExecutable,
    get isDebian() {
      return isDebian()
    },
    get asRoot() {
      if (process.getuid?.() === 0) return []
      return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined
    },
    get brew() {
      return programFolders({ platform: 'darwin', env })
        .map((folder) => join(folder, 'brew'))
        .find(isExecutable)
    },
  }
}

/** An apt command that asks nothing and waits for others. */
export function apt(asRoot, ...args) {
  return [...asRoot, 'apt-get', '-o', 'DPkg::Lock::Timeout=300', '-q', ...args]
}

/** Runs a command of a plan; whether it succeeded. */
export function run([command, ...args]) {
  // RUNLEVEL=1 keeps a package from starting a server of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NONINTERACTIVE: '1', RUNLEVEL: '1' }
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0
}

/** Whether a path is a program that this user may run. */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
