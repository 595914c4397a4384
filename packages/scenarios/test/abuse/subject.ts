import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RealtimeClient } from '@org/realtime-client'
import { build } from 'esbuild'

/** A server in a process of its own, to be abused. */
export interface Subject {
  readonly port: number
  /** Whether a client can connect, publish and hear its own message. */
  isServing(): Promise<boolean>
  /** Memory of the process after it has collected its garbage. */
  residentBytes(): Promise<number>
  stop(): void
}

/** Starts one. */
export async function startSubject(): Promise<Subject> {
  const scratch = fileURLToPath(new URL('../../.tsc/', import.meta.url))
  mkdirSync(scratch, { recursive: true })
  const folder = mkdtempSync(join(scratch, 'subject-'))
  const program = join(folder, 'server.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('subject-server.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@org/source'],
    external: ['ws'],
    logLevel: 'error',
  })
  // With a small nursery: room that V8 keeps for the next burst is no leak.
  const child = fork(program, { execArgv: ['--expose-gc', '--max-semi-space-size=1'] })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const end = { code: undefined as number | undefined }
  child.on('exit', (code) => (end.code = code ?? -1))
  return {
    port,
    async isServing() {
      if (end.code !== undefined) return false
      const client = new RealtimeClient(`ws://127.0.0.1:${port}/realtime`)
      const room = client.channel('room')
      const heard = new Promise<unknown>((resolve) => room.on('message', ({ data }) => resolve(data)))
      await room.ready()
      const sent = Math.random()
      await room.publish(sent)
      const served = (await heard) === sent
      await client.close()
      return served
    },
    async residentBytes() {
      child.send('measure')
      const [{ bytes }] = (await once(child, 'message')) as [{ bytes: number }]
      return bytes
    },
    stop() {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
