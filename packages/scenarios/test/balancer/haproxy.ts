import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi, type TestContext } from 'vitest'
import { requireHaproxy } from '../../../../scripts/lib/haproxy.mjs'
import { freePort } from '../../../../scripts/lib/redis-servers.mjs'
import { TLS_CERTIFICATE, TLS_KEY } from '../../../server/test/support/tls.js'
import { recipe, replaced, type Change } from './recipe.js'

/** A real HAProxy. */
export interface Haproxy {
  readonly url: string
  /** Has it read its configuration again, with another change. */
  reload(change: Change): void
}

/**
 * Starts an HAProxy with the configuration that the guide gives: in front of two servers of this machine, on a port of
 * it, with a certificate of the tests. It ends with the test.
 */
export async function startHaproxy(
  { onTestFinished }: TestContext,
  servers: readonly number[],
  change: Change = (config) => config,
): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'realtime-haproxy-'))
  const certificate = join(folder, 'site.pem')
  writeFileSync(certificate, TLS_CERTIFICATE + TLS_KEY)
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  const write = (change: Change) => {
    const outside = replaced(
      recipe('HAProxy'),
      ':443 ssl crt /etc/haproxy/site.pem',
      `127.0.0.1:${port} ssl crt ${certificate}`,
    )
    const inside = servers.reduce((text, own, i) => replaced(text, `10.0.0.${i + 1}:3000`, `127.0.0.1:${own}`), outside)
    writeFileSync(file, change(inside))
  }
  write(change)
  // A master with workers, as a service is: it can be reloaded.
  const child = spawn(requireHaproxy(), ['-W', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
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
    .catch(() => Promise.reject(new Error(`HAProxy did not start:\n${said}`)))
  return {
    url: `wss://127.0.0.1:${port}/realtime`,
    reload(change) {
      write(change)
      child.kill('SIGUSR2')
    },
  }
}
