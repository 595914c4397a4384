import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answering, freePort } from './ports.js'

export const ADVICE =
  'The demo of several servers needs redis-server (or valkey-server) 7.0 or newer, and none was found on PATH.\n' +
  '  Debian, Ubuntu:  sudo apt-get install -y redis-server\n' +
  '  macOS:           brew install redis\n' +
  '  elsewhere:       install one and set REDIS_SERVER_PATH to its executable\n' +
  'The demo of one server needs nothing: pnpm demo'

/** Starts a Redis of the demo's own: on loopback, on a free port, keeping nothing on disk. */
export async function startRedis() {
  const program = installedRedis()
  if (program === undefined) throw new Error(ADVICE)
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'realtime-chat-redis-'))
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder]
  // A process group of its own: Ctrl+C goes to the demo, which ends Redis last.
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const remove = () => rm(folder, { recursive: true, force: true })
  await answering('redis-server', port)
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await ended
      await remove()
    },
  }
}

function installedRedis(): string | undefined {
  const given = process.env['REDIS_SERVER_PATH']
  const programs = given ? [given] : ['redis-server', 'valkey-server']
  return programs.find((program) => spawnSync(program, ['--version']).status === 0)
}
