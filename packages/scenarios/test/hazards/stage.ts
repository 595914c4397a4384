import { RealtimeClient, type ClientOptions } from '@org/realtime-client'
import { memory, RealtimeServer, type Backend, type Identity, type ServerOptions } from '@org/realtime-server'
import { Chance } from '../../src/sim/chance.js'
import { Process } from '../../src/sim/process.js'
import { VirtualTime } from '../../src/sim/virtual-time.js'
import { Wire } from '../../src/sim/wire.js'

const QUALITY = { latencyMs: 5, bytesPerMs: 1_000 }

/** One link of a client, and all that it was sent. */
export interface Taped {
  readonly wire: Wire
  readonly texts: string[]
  /** Code that the client's end was closed with, once it was. */
  code?: number
}

/** A real server and real clients on virtual time, with every text that the server sent, by client. */
export class Stage {
  readonly time = new VirtualTime()
  readonly server: RealtimeServer
  private readonly host = new Process(this.time)
  private readonly tapes = new Map<RealtimeClient, Taped[]>()
  private clients = 0

  constructor(options: ServerOptions = {}, wrap: (backend: Backend) => Backend = (backend) => backend) {
    const clock = this.host.serverClock()
    const random = new Chance(1, 'server')
    const backend = wrap(memory({ clock, random }))
    this.server = new RealtimeServer<Record<never, never>, Identity>(undefined, { ...options, backend, clock, random })
  }

  /** A client in a process of its own, that connects at once. */
  client(options: ClientOptions = {}): RealtimeClient {
    const process = new Process(this.time)
    const name = `client${++this.clients}`
    const links: Taped[] = []
    const client = new RealtimeClient('ws://stage/', {
      ...options,
      clock: process.clientClock(),
      random: new Chance(1, name),
      network: { online: true, watch: () => () => undefined },
      transport: {
        dial: (_url, _subprotocol, events) => {
          const taped: { wire?: Wire; texts: string[]; code?: number } = { texts: [] }
          const wire = new Wire(name, this.time, process, this.host, QUALITY, {
            ...events,
            closed: (code, reason) => {
              taped.code = code
              events.closed(code, reason)
            },
          })
          taped.wire = wire
          wire.onServerText = (text) => void taped.texts.push(text)
          links.push(taped as Taped)
          const handshake = { url: '/', headers: {}, remoteAddress: '192.0.2.1' }
          this.time.after(QUALITY.latencyMs, () => wire.open(this.server.accept(wire, handshake)))
          return {
            send: (text) => wire.sendUp(text),
            close: (code, reason) => wire.closeUp(code, reason),
            get bufferedBytes() {
              return wire.up.bufferedBytes
            },
          }
        },
      },
    })
    this.tapes.set(client, links)
    client.connect()
    return client
  }

  /** The links of a client, oldest first. */
  links(client: RealtimeClient): readonly Taped[] {
    return this.tapes.get(client) ?? []
  }

  /** All that the server ever sent to a client. */
  heardBy(client: RealtimeClient): string {
    return this.links(client)
      .flatMap(({ texts }) => texts)
      .join('\n')
  }

  /** Cuts the link of a client; both ends hear of it. */
  cut(client: RealtimeClient): void {
    this.links(client).at(-1)?.wire.break('reset')
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    this.time.after(0, () => undefined)
    return this.time.runUntil(this.time.now + ms)
  }
}
