import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi, type TestContext } from 'vitest'
import { freePort } from '../../../../scripts/lib/redis-servers.mjs'
import { TLS_CERTIFICATE, TLS_KEY } from '../../../server/test/support/tls.js'
import { recipe, replaced, type Change } from './recipe.js'

/** A balancer that the guide to scaling out has a recipe for. */
export interface Balancer {
  /** Its name in the guide. */
  readonly name: string
  /** The path of its program, which is installed if need be. */
  readonly program: () => string
  /** How it runs as a service does, by a configuration in a folder: it can be reloaded. */
  readonly args: (configuration: string, folder: string) => string[]
  /** What makes it read its configuration again. */
  readonly reloadSignal: NodeJS.Signals
  /** The recipe on a port of this machine, with the certificate `site.pem` and the key `site.key` of a folder. */
  readonly here: (recipe: string, port: number, folder: string) => string
  /** What a system has around the recipe, where only root may write. */
  readonly within?: (recipe: string, folder: string) => string
  /** The host of the outside, with its port where the recipe hands that on. */
  readonly host: string
  /** The recipe with little patience for quiet links. */
  readonly impatient: (recipe: string, idleMs: number) => string
  /** The recipe without the second of its servers. */
  readonly withoutSecond: Change
}

/** A real one that runs. */
export interface Running {
  readonly url: string
  /** Has it read its configuration again, with another change. */
  reload(change: Change): void
}

/**
 * Starts a balancer with the configuration that the guide gives: in front of two servers of this machine, on a port of
 * it, with a certificate of the tests. It ends with the test.
 */
export async function startBalancer(
  { onTestFinished }: TestContext,
  { name, program, args, reloadSignal, here, within = (recipe) => recipe }: Balancer,
  servers: readonly number[],
  change: Change = (config) => config,
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'realtime-balancer-'))
  writeFileSync(join(folder, 'site.pem'), TLS_CERTIFICATE + TLS_KEY)
  writeFileSync(join(folder, 'site.key'), TLS_KEY)
  const port = await freePort()
  const file = join(folder, 'configuration')
  const write = (change: Change) => {
    const outside = here(recipe(name), port, folder)
    const inside = servers.reduce((text, own, i) => replaced(text, `10.0.0.${i + 1}:3000`, `127.0.0.1:${own}`), outside)
    writeFileSync(file, within(change(inside), folder))
  }
  write(change)
  const child = spawn(program(), args(file, folder), { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  onTestFinished(async () => {
    const ended = once(child, 'exit')
    if (child.exitCode === null && child.kill('SIGTERM')) await ended
    rmSync(folder, { recursive: true, force: true })
  })
  await vi
    .waitFor(
      async () => {
        const socket = connect(port, '127.0.0.1')
        await once(socket, 'connect').finally(() => socket.destroy())
      },
      { timeout: 10_000, interval: 20 },
    )
    .catch(() => Promise.reject(new Error(`${name} did not start:\n${said}`)))
  return {
    url: `wss://127.0.0.1:${port}/realtime`,
    reload(change) {
      write(change)
      child.kill(reloadSignal)
    },
  }
}
