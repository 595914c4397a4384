import { RealtimeClient, type ClientOptions } from '@org/realtime-client'
import { memory, RealtimeServer, type MemoryBackend, type ServerOptions } from '@org/realtime-server'
import { Chance } from '../../src/sim/chance.js'
import { Process } from '../../src/sim/process.js'
import { VirtualTime } from '../../src/sim/virtual-time.js'
import { Wire } from '../../src/sim/wire.js'

/** A real server and real clients, with wires between them that take 5 ms, on virtual time. */
export class Pair {
  readonly time = new VirtualTime()
  readonly server: RealtimeServer
  /** Whatever the server said to the clients, in order. */
  readonly said: Array<{ readonly type: string; readonly code?: string | number; readonly retryAfterMs?: number }> = []
  /** How often a client was turned away or lost its link. */
  readonly ends: number[] = []
  private readonly host = new Process(this.time)
  private wires = 0

  readonly backend: MemoryBackend

  constructor(options: ServerOptions = {}, channel: { readonly presence?: boolean } = {}) {
    const clock = this.host.serverClock()
    const random = new Chance(1, 'server')
    this.backend = memory({ clock, random })
    this.server = new RealtimeServer(undefined, { ...options, backend: this.backend, clock, random })
    this.server.channel('{name}', { subscribe: true, publish: true, ...channel })
  }

  /** The time of day, as the server sees it, in milliseconds since 1970. */
  date(): number {
    return this.host.serverClock().date()
  }

  /** A client that lives in a process of its own. */
  client(name: string, remoteAddress = '192.0.2.1', options: ClientOptions = {}): RealtimeClient {
    const process = new Process(this.time)
    return new RealtimeClient('ws://pair/', {
      ...options,
      clock: process.clientClock(),
      random: new Chance(1, name),
      transport: {
        dial: (_url, _subprotocol, events) => {
          const wire = new Wire(`wire${++this.wires}`, this.time, process, this.host, QUALITY, {
            ...events,
            closed: (code, reason) => {
              this.ends.push(code)
              events.closed(code, reason)
            },
          })
          wire.onServerText = (text) => void this.said.push(JSON.parse(text) as (typeof this.said)[number])
          this.time.after(QUALITY.latencyMs, () =>
            wire.open(this.server.accept(wire, { url: '/', headers: {}, remoteAddress })),
          )
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
  }

  /** The refusals that clients were told. */
  refusals(): number[] {
    return this.said.flatMap(({ code, retryAfterMs }) => (code === 'RATE_LIMITED' ? [retryAfterMs ?? 0] : []))
  }
}

const QUALITY = { latencyMs: 5, bytesPerMs: 1_000 }
