import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { ProxiedLink } from './proxied-link.js'
import { FAIR, type Direction, type Weather } from './weather.js'

/** The port on this machine that a new link goes to; none: it is reset. */
export type Target = () => number | undefined

/** A TCP proxy on loopback that does to its links what networks do. */
export class FaultProxy {
  readonly links = new Set<ProxiedLink>()
  /** How many links there were so far. */
  accepted = 0
  /** The address it stands on, which stays the same while it refuses. */
  port = 0
  private readonly server: Server
  private readonly climate: Record<Direction, Weather> = { up: { ...FAIR }, down: { ...FAIR } }

  private constructor(private target: Target) {
    // A peer that is done speaking may still listen: each direction ends on its own.
    this.server = createServer({ allowHalfOpen: true }, (near) => this.accept(near))
  }

  /** Starts one on a free port. */
  static async listen(target: number | Target): Promise<FaultProxy> {
    const proxy = new FaultProxy(typeof target === 'number' ? () => target : target)
    await proxy.admit()
    return proxy
  }

  /** Sends new links elsewhere. Those there are stay where they are. */
  switchTo(port: number): void {
    this.target = () => port
  }

  /** Changes the weather of all links, and of those to come: of one direction, or of both. */
  change(weather: Partial<Weather>, direction?: Direction): void {
    if (direction !== 'down') Object.assign(this.climate.up, weather)
    if (direction !== 'up') Object.assign(this.climate.down, weather)
    for (const link of this.links) link.change(weather, direction)
  }

  /** The weather is fair again, for every link there is and for those to come. */
  clear(): void {
    this.change(FAIR)
  }

  /** Resets all links. New ones are let through. */
  reset(): void {
    for (const link of [...this.links]) link.reset()
  }

  /** Stops listening, so that who dials is refused by the system. Links there are stay. */
  async refuse(): Promise<void> {
    if (!this.server.listening) return
    this.server.close()
    // `close` waits for the links as well; the port is free at once.
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Listens again, on the same port. */
  async admit(): Promise<void> {
    if (this.server.listening) return
    this.server.listen(this.port, '127.0.0.1')
    await once(this.server, 'listening')
    this.port = (this.server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    await this.refuse()
    this.reset()
  }

  private accept(near: Socket): void {
    this.accepted++
    const port = this.target()
    near.on('error', () => undefined)
    if (port === undefined) return void near.resetAndDestroy()
    near.setNoDelay(true)
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const link = new ProxiedLink(near, far, () => this.links.delete(link))
    this.links.add(link)
    link.change(this.climate.up, 'up')
    link.change(this.climate.down, 'down')
  }
}
