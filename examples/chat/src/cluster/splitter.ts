import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Front, Place } from './front.js'

/** Ports on this machine that take connections now. */
export type Ports = () => readonly number[]

/**
 * Where there is no HAProxy: gives each connection to the next server in turn, whoever it comes from. One that cannot be
 * reached is passed over.
 */
export async function startSplitter(ports: Ports, { host, port }: Place): Promise<Front> {
  let turn = 0
  const server = createServer((near) => {
    near.on('error', () => near.destroy())
    const now = ports()
    const start = turn++
    forward(
      near,
      now.map((_, i) => now[(start + i) % now.length] ?? 0),
    )
  })
  // Rejects with what keeps it from listening.
  await once(server.listen(port, host), 'listening')
  return {
    name: 'A TCP splitter',
    port: (server.address() as AddressInfo).port,
    failed: once(server, 'error').then(([error]) => String(error)),
    close: () => Promise.resolve(void server.close()),
  }
}

function forward(near: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined) return void near.destroy()
  const far = connect(port, '127.0.0.1')
  const next = () => forward(near, others)
  far.once('error', next)
  far.once('connect', () => {
    far.off('error', next)
    far.on('error', () => near.destroy())
    far.on('close', () => near.destroy())
    near.on('close', () => far.destroy())
    near.pipe(far).pipe(near)
  })
}
