import type { IncomingMessage } from 'node:http'
import type { Handshake } from '../ports/index.js'

/** Decides whether pages of an origin may connect. Anything but `true` is a no. */
export type OriginRule = (origin: string, handshake: Handshake) => boolean

/** Origins whose pages may connect, or a function that decides. */
export type Origins = readonly string[] | OriginRule

/** `https://*.example.com:8443`: all subdomains, at any depth, but not the domain itself. */
const WILDCARD = /^([a-z][a-z0-9+.-]*:\/\/)\*(\.[^*/?#]+)$/i

const NOT_LISTED = 'pages of this origin may not connect: the option `origins` of this server does not allow it'
const FOREIGN_COOKIE =
  'a page of another origin may not connect with the cookies or credentials of this one: ' +
  'name its origin in the option `origins` of this server'

/**
 * Judges the `Origin` of a handshake. Browsers send one, and with it whatever cookies they have for this host, whoever's
 * page it is; other clients send none, and write what they like. So without `origins` a foreign page is refused as soon
 * as it brings credentials.
 */
export class OriginCheck {
  private readonly exact = new Set<string>()
  private readonly suffixes: Array<{ readonly scheme: string; readonly host: string }> = []
  private readonly rule: OriginRule | undefined

  /** @throws TypeError when an entry of the list is no origin. */
  constructor(private readonly origins: Origins | undefined) {
    if (typeof origins === 'function') this.rule = origins
    else for (const entry of origins ?? []) this.add(entry)
  }

  /** Why a handshake is refused, if it is. `host` is what the client asked for. Throws what the rule throws. */
  refusal({ headers }: IncomingMessage, host: string, handshake: Handshake): string | undefined {
    const { origin } = headers
    if (origin === undefined) return undefined
    if (!this.origins) {
      const isForeign = headers.cookie !== undefined || headers.authorization !== undefined
      return isForeign && !isSameHost(origin, host) ? FOREIGN_COOKIE : undefined
    }
    // A promise is no yes: a rule that has to wait belongs into `authenticate`.
    const allowed = this.rule ? this.rule(origin, handshake) === true : this.lists(origin)
    return allowed ? undefined : NOT_LISTED
  }

  private lists(given: string): boolean {
    const origin = normal(given)
    if (origin === undefined) return false
    return (
      this.exact.has(origin) ||
      this.suffixes.some(({ scheme, host }) => origin.startsWith(scheme) && isBelow(origin.slice(scheme.length), host))
    )
  }

  private add(entry: string): void {
    const wildcard = WILDCARD.exec(entry)
    // The suffix is read as part of a whole origin, so that it gets the form that browsers give it.
    const origin = normal(wildcard ? `${wildcard[1]}x${wildcard[2]}` : entry)
    if (origin === undefined) {
      throw new TypeError(
        `origins: ${JSON.stringify(entry)} is no origin; write https://example.com, https://*.example.com or null`,
      )
    }
    if (!wildcard) this.exact.add(origin)
    else {
      const [scheme = '', host = ''] = origin.split('//x', 2)
      this.suffixes.push({ scheme: `${scheme}//`, host })
    }
  }
}

/** Whether a host is a subdomain: at least one character before a suffix that begins with a dot. */
function isBelow(host: string, suffix: string): boolean {
  return host.length > suffix.length && host.endsWith(suffix)
}

/** An origin in the form of browsers, lower case and without the usual port; `null` is one, of sandboxed pages. */
function normal(text: string): string | undefined {
  if (text === 'null') return text
  if (text.includes('*')) return undefined
  try {
    const url = new URL(text)
    const bare =
      url.host !== '' && url.pathname.length <= 1 && !url.search && !url.hash && !url.username && !url.password
    return bare && !/[/?#]$/.test(text) ? `${url.protocol}//${url.host}` : undefined
  } catch {
    return undefined
  }
}

function isSameHost(origin: string, host: string): boolean {
  const scheme = normal(origin)?.split('//', 1)[0]
  return scheme !== undefined && host !== '' && normal(`${scheme}//${host}`) === normal(origin)
}
