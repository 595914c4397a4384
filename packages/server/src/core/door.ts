import type { Handshake, Transport, TransportHandler } from '../ports/index.js'
import { Connection } from './connection.js'
import { codeLabel } from './instruments.js'
import type { Node } from './node.js'
import { Places, type Refusal } from './places.js'
import { PlainLink, type PlainHandler } from './plain-connection.js'

/** A link of either kind. */
export type Link = Connection | PlainLink

/** Where links come in and go out of a node: takes those that there is a place for, and knows all that are open. */
export class Door {
  /** Every link that is open. */
  readonly links = new Set<Link>()
  /** What becomes of links without our subprotocol. Without it, none is taken. */
  plainHandler: PlainHandler | undefined
  private readonly places: Places

  constructor(private readonly node: Node) {
    this.places = new Places(node.limits)
  }

  get takesPlain(): boolean {
    return this.plainHandler !== undefined
  }

  /** Takes a new link; what happens on it goes to the handler returned. */
  accept(transport: Transport, handshake: Handshake): TransportHandler {
    return this.take(new Connection(this.node, transport, handshake), handshake.remoteAddress)
  }

  /** Takes a new link that does not speak our protocol. */
  acceptPlain(transport: Transport, handshake: Handshake): TransportHandler {
    if (!this.plainHandler) throw new TypeError('plain connections are not switched on: call plain() first')
    const link = this.take(new PlainLink(this.node, transport, this.plainHandler), handshake.remoteAddress)
    link.open(handshake)
    return link
  }

  /** Why a link from an address would not be taken now, if so. Whoever asks refuses it then. */
  refusal(address: string): Refusal | undefined {
    const refusal = this.places.refusal(address)
    if (!refusal) return undefined
    const { limit } = refusal
    this.node.limited(limit, { peer: address })
    this.node.warn(`links are refused by ${limit}`, { limit, value: this.node.limits[limit], peer: address })
    return refusal
  }

  /** A link is over. */
  left(link: Link, code: number): void {
    if (!this.links.delete(link)) return
    this.node.instruments.closed.add(codeLabel(code))
    this.node.instruments.receivedBytes += link.receivedBytes
  }

  private take<L extends Link>(link: L, address: string): L {
    const { isClosing, instruments } = this.node
    const refusal = isClosing ? undefined : this.refusal(address)
    if (isClosing) link.hangup('RESTART')
    else if (refusal) link.hangup('OVERLOADED', undefined, refusal.retryAfterMs)
    else {
      link.place = this.places.take(address)
      this.links.add(link)
      instruments.opened += 1
    }
    return link
  }
}
