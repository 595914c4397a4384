import { addressKey } from './address.js'

/** How many links a node takes. */
export interface PlaceLimits {
  /** Links in all. */
  readonly connections: number
  /** Links from one address. */
  readonly connectionsPerAddress: number
  /** Links that are not authenticated yet. */
  readonly handshakes: number
}

/** Why a link is not taken. */
export interface Refusal {
  /** The limit that is reached. */
  readonly limit: keyof PlaceLimits
  /** When to try again. */
  readonly retryAfterMs: number
}

/** What one link takes up, from the moment it is taken until its socket is gone. */
export interface Place {
  /** The link is authenticated. */
  settle(): void
  /** The link is over. A second call does nothing. */
  leave(): void
}

/** Long enough that a full node is not asked all the time, short enough that nobody waits for long. */
const RETRY_AFTER_MS = 5_000

/** Counts the links of a node: all of them, those of each address, and those that are not authenticated yet. */
export class Places {
  private total = 0
  private unsettled = 0
  private readonly addresses = new Map<string, { links: number }>()

  constructor(private readonly limits: PlaceLimits) {}

  /** Why a link from an address would not be taken now, if so. */
  refusal(address: string): Refusal | undefined {
    const limit = this.reached(addressKey(address))
    return limit && { limit, retryAfterMs: RETRY_AFTER_MS }
  }

  /** Counts a link. Whoever asks has made sure that there is room. */
  take(address: string): Place {
    const key = addressKey(address)
    const neighbours = this.addresses.get(key) ?? { links: 0 }
    this.addresses.set(key, neighbours)
    neighbours.links += 1
    this.total += 1
    this.unsettled += 1
    return new Taken(this, key)
  }

  /** @internal */
  settled(): void {
    this.unsettled -= 1
  }

  /** @internal */
  left(key: string): void {
    this.total -= 1
    const neighbours = this.addresses.get(key)
    if (!neighbours) return
    neighbours.links -= 1
    if (neighbours.links === 0) this.addresses.delete(key)
  }

  private reached(key: string): keyof PlaceLimits | undefined {
    if (this.total >= this.limits.connections) return 'connections'
    if (this.unsettled >= this.limits.handshakes) return 'handshakes'
    // Peers on a socket of the file system have no address: they are not one and the same.
    const links = key === '' ? 0 : (this.addresses.get(key)?.links ?? 0)
    return links >= this.limits.connectionsPerAddress ? 'connectionsPerAddress' : undefined
  }
}

class Taken implements Place {
  private state: 'new' | 'settled' | 'left' = 'new'

  constructor(
    private readonly places: Places,
    private readonly key: string,
  ) {}

  settle(): void {
    if (this.state !== 'new') return
    this.state = 'settled'
    this.places.settled()
  }

  leave(): void {
    if (this.state === 'left') return
    this.settle()
    this.state = 'left'
    this.places.left(this.key)
  }
}
