import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi, type TestContext } from 'vitest'
import { requireNginx } from '../../../../scripts/lib/nginx.mjs'
import { freePort } from '../../../../scripts/lib/redis-servers.mjs'
import { TLS_CERTIFICATE, TLS_KEY } from '../../../server/test/support/tls.js'
import { recipe, replaced, type Change } from './recipe.js'

/** A real nginx. */
export interface Nginx {
  readonly url: string
  /** Has it read its configuration again, with another change. */
  reload(change: Change): void
}

/** What it would write elsewhere, where only root may. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/**
 * Starts an nginx with the configuration that the guide gives: in front of two servers of this machine, on a port of it,
 * with a certificate of the tests. It ends with the test.
 */
export async function startNginx(
  { onTestFinished }: TestContext,
  servers: readonly number[],
  change: Change = (config) => config,
): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'realtime-nginx-'))
  const within = (name: string) => join(folder, name)
  writeFileSync(within('site.pem'), TLS_CERTIFICATE)
  writeFileSync(within('site.key'), TLS_KEY)
  const port = await freePort()
  const write = (change: Change) => {
    const outside = replaced(recipe('nginx'), 'listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    const inside = servers.reduce((text, own, i) => replaced(text, `10.0.0.${i + 1}:3000`, `127.0.0.1:${own}`), outside)
    const site = change(replaced(inside, '/etc/nginx/', `${folder}/`))
    const elsewhere = TEMPORARY.map((name) => `${name}_temp_path ${within(name)};`).join('\n')
    writeFileSync(within('nginx.conf'), `${around(folder)}\nhttp {\naccess_log off;\n${elsewhere}\n${site}}\n`)
  }
  write(change)
  // A master with a worker, as a service is: it can be reloaded.
  const args = ['-p', folder, '-e', 'stderr', '-c', within('nginx.conf')]
  const child = spawn(requireNginx(), args, { stdio: ['ignore', 'ignore', 'pipe'] })
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
    .catch(() => Promise.reject(new Error(`nginx did not start:\n${said}`)))
  return {
    url: `wss://127.0.0.1:${port}/realtime`,
    reload(change) {
      write(change)
      child.kill('SIGHUP')
    },
  }
}

/** What a system has around the sites. One worker takes the servers in turn; several would each do so for themselves. */
function around(folder: string): string {
  return `daemon off;\nworker_processes 1;\npid ${folder}/nginx.pid;\nerror_log stderr warn;\nevents {}`
}
