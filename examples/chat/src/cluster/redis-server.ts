import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const READY_MS = 10_000

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
  if (await Promise.race([answering(port), missing])) {
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

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}

/** Resolves when something answers; `false`, for it is not missing. */
async function answering(port: number): Promise<false> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isThere) return false
    if (Date.now() > deadline) throw new Error(`redis-server did not answer within ${READY_MS} ms`)
    await sleep(50)
  }
}
