import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answering, freePort } from './ports.js'

export const ADVICE =
  'The demo of several servers needs redis-server 7.0 or newer, and did not find it on PATH.\n' +
  '  Debian, Ubuntu:  sudo apt-get install redis-server\n' +
  '  macOS:           brew install redis\n' +
  'Or set REDIS_SERVER_PATH to the program. The demo of one server needs nothing: pnpm demo'

/** Starts a Redis of the demo's own: on loopback, on a free port, keeping nothing on disk. */
export async function startRedis() {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'realtime-chat-redis-'))
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder]
  // A process group of its own: Ctrl+C goes to the demo, which ends Redis last.
  const child = spawn(process.env['REDIS_SERVER_PATH'] ?? 'redis-server', args, { stdio: 'ignore', detached: true })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const remove = () => rm(folder, { recursive: true, force: true })
  const missing = new Promise<boolean>((resolve) => child.once('error', () => resolve(true)))
  if (await Promise.race([answering('redis-server', port), missing])) {
    await remove()
    throw new Error(ADVICE)
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await ended
      await remove()
    },
  }
}
