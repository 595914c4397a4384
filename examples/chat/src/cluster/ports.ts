import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const READY_MS = 10_000

/** A port that was free a moment ago: the one asked for, or any. Rejects when that one is taken. */
export async function freePort({ host = '127.0.0.1', port: wanted = 0 } = {}): Promise<number> {
  const probe = createServer().listen(wanted, host)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}

/** Resolves when a program takes connections. Rejects when it does not within some seconds. */
export async function answering(name: string, port: number, host = '127.0.0.1'): Promise<void> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const socket = connect(port, host)
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isThere) return
    if (Date.now() > deadline) throw new Error(`${name} did not answer within ${READY_MS} ms`)
    await sleep(50)
  }
}
