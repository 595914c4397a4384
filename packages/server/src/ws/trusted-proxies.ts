import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { plainAddress } from '../core/address.js'

/** Which proxies are believed: their addresses and ranges (CIDR), or how many of them a request passes. */
export type TrustedProxies = readonly string[] | number

/** A header that says which peers a request has passed, oldest first. */
const FORWARDED_FOR = 'x-forwarded-for'
const FORWARDED_HOST = 'x-forwarded-host'

/**
 * Finds out who is behind a request that came through proxies. Anybody can write the headers that proxies write, so only
 * what a trusted one added counts: read from the right, up to the first address that nobody vouches for.
 */
export class ProxyTrust {
  private readonly hops: number
  private readonly known = new BlockList()

  /** @throws TypeError when an address, a range or a number of hops is none. */
  constructor(trusted: TrustedProxies = []) {
    this.hops = typeof trusted === 'number' ? trusted : 0
    if (!Number.isSafeInteger(this.hops) || this.hops < 0) {
      throw new TypeError('trustedProxies must be a list of addresses and ranges, or a number of hops from 0')
    }
    if (typeof trusted !== 'number') for (const entry of trusted) this.add(entry)
  }

  /** Address of the peer that the trusted proxies speak for; without any, that of the socket. */
  addressOf({ socket, headers }: IncomingMessage): string {
    let address = plainAddress(socket.remoteAddress ?? '')
    const chain = listed(headers[FORWARDED_FOR])
    for (let hop = 0; this.trusts(address, hop); hop++) {
      const before = parsed(chain.pop())
      // A trusted proxy says nothing that can be read: it is the last one that is known.
      if (before === undefined) break
      address = before
    }
    return address
  }

  /** Host that the client asked for, port included if it is not the usual one. */
  hostOf({ socket, headers }: IncomingMessage): string {
    const address = plainAddress(socket.remoteAddress ?? '')
    const forwarded = this.trusts(address, 0) ? listed(headers[FORWARDED_HOST]).pop() : undefined
    return forwarded ?? headers.host ?? ''
  }

  /** Whether a request says that it was forwarded, by somebody who is not believed. */
  isIgnored({ socket, headers }: IncomingMessage): boolean {
    return headers[FORWARDED_FOR] !== undefined && !this.trusts(plainAddress(socket.remoteAddress ?? ''), 0)
  }

  private trusts(address: string, hop: number): boolean {
    if (this.hops > 0) return hop < this.hops
    const family = isIP(address)
    return family !== 0 && this.known.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }

  private add(entry: string): void {
    const [given = '', bits, ...rest] = typeof entry === 'string' ? entry.split('/') : []
    const address = plainAddress(given)
    const family = isIP(address)
    const most = family === 6 ? 128 : 32
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN
    if (family === 0 || rest.length > 0 || !(prefix <= most)) {
      throw new TypeError(`trustedProxies: ${JSON.stringify(entry)} is no address and no range such as 10.0.0.0/8`)
    }
    this.known.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
  }
}

function listed(header: string | string[] | undefined): string[] {
  return (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').flatMap((part) => part.trim() || [])
}

/** An address as proxies write it: bare, with a port, or in brackets. */
function parsed(text: string | undefined): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text ?? '')?.[1] ?? /^([\d.]+)(?::\d+)?$/.exec(text ?? '')?.[1] ?? text
  return bare !== undefined && isIP(bare) !== 0 ? plainAddress(bare) : undefined
}
