import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Front, Place, Target } from './front.js'
import { haproxyConfig } from './haproxy-config.js'
import { answering, freePort } from './ports.js'

// Debian has it where the PATH of a user does not lead.
const env = { ...process.env, PATH: [process.env['PATH'], '/usr/local/sbin', '/usr/sbin'].join(delimiter) }
const program = process.env['HAPROXY_PATH'] ?? 'haproxy'

/** The HAProxy of this machine by its name and version; `undefined` where there is none. */
export function installedHaproxy(): string | undefined {
  const { status, stdout } = spawnSync(program, ['-v'], { env, encoding: 'utf8' })
  if (status !== 0) return undefined
  const [, version = ''] = /version (\S+)/.exec(stdout) ?? []
  return `HAProxy ${version}`.trim()
}

/** Starts it in front of the servers, with a configuration in a temporary folder. */
export async function startHaproxy(name: string, targets: readonly Target[], place: Place): Promise<Front> {
  const { host } = place
  // What listens there already would look like an HAProxy that has begun.
  const port = await freePort(place)
  const folder = await mkdtemp(join(tmpdir(), 'realtime-chat-haproxy-'))
  const file = join(folder, 'haproxy.cfg')
  const servers = targets.map(({ name, port }) => ({ name, address: `127.0.0.1:${port}` }))
  await writeFile(file, haproxyConfig({ bind: `${host}:${port}`, servers }))
  // A process group of its own: Ctrl+C goes to the demo, which ends the servers after it.
  const child = spawn(program, ['-db', '-f', file], { env, stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-4_000)))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const failed = ended.then(() => `${name} ended:\n${said.trimEnd()}`)
  const front: Front = {
    name,
    port,
    failed,
    async close() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
  const problem = await Promise.race([answering(name, port, host), failed])
  if (!problem) return front
  await front.close()
  throw new Error(problem)
}
