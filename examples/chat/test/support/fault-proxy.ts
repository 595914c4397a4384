import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy that can do what networks do: cut links, refuse new ones, and swallow answers without a word. */
export async function faultProxy(targetPort: number) {
  const links = new Set<Socket>()
  let refusing = false
  let stalled = false
  let accepted = 0

  const server = createServer((near) => {
    near.on('error', () => near.destroy())
    if (refusing) return void near.destroy()
    accepted++
    const far = connect(targetPort, '127.0.0.1')
    far.on('error', () => far.destroy())
    near.on('close', () => {
      far.destroy()
      links.delete(near)
    })
    far.on('close', () => near.destroy())
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => !stalled && near.write(bytes))
    links.add(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const cut = () => {
    for (const near of links) near.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    /** How many connections were let through so far. */
    get accepted() {
      return accepted
    },
    /** Cuts all links. New ones are let through. */
    cut,
    /** Refuses new links from now on, or no more. */
    refuse: (on: boolean) => void (refusing = on),
    /** Swallows what the server says from now on, or no more. Links that lost bytes are cut when it ends. */
    stall(on: boolean) {
      if (stalled && !on) cut()
      stalled = on
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

export type FaultProxy = Awaited<ReturnType<typeof faultProxy>>
