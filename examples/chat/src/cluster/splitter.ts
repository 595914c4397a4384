import { connect, createServer, type Server, type Socket } from 'node:net'

/** Ports on this machine that take connections now. */
export type Ports = () => readonly number[]

/**
 * The balancer of the demo: gives each connection to the next server in turn, whoever it comes from. One that cannot be
 * reached is passed over.
 */
export function createSplitter(ports: Ports): Server {
  let turn = 0
  return createServer((near) => {
    near.on('error', () => near.destroy())
    const now = ports()
    const start = turn++
    forward(
      near,
      now.map((_, i) => now[(start + i) % now.length] ?? 0),
    )
  })
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
