import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy that cuts links, or lets them die without a word as a network does that forgot them. */
export async function faultProxy(targetPort: number) {
  const links = new Set<Socket>()
  let accepted = 0

  const server = createServer((near) => {
    accepted++
    const far = connect(targetPort, '127.0.0.1')
    links.add(near)
    near.pipe(far)
    far.pipe(near)
    near.on('error', () => near.destroy())
    far.on('error', () => far.destroy())
    near.on('close', () => {
      links.delete(near)
      far.destroy()
    })
    far.on('close', () => near.destroy())
    near.on('forget', () => {
      near.unpipe(far)
      far.unpipe(near)
      // What still comes is swallowed; the far end never hears of it either.
      near.resume()
      far.resume()
      far.removeAllListeners('close')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    /** How many links there were so far. */
    get accepted() {
      return accepted
    },
    /** Cuts all links. New ones are let through. */
    cut() {
      for (const near of links) near.destroy()
    },
    /** Carries nothing more on the links there are, and tells neither end. New ones are let through. */
    forget() {
      for (const near of links) near.emit('forget')
    },
    async close() {
      this.cut()
      server.close()
      await once(server, 'close')
    },
  }
}

export type FaultProxy = Awaited<ReturnType<typeof faultProxy>>
