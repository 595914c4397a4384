/** Where a Redis listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** An address as one word, by which masters are told apart. */
export function nameOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The address of a word such as `10.0.0.1:6379`; of `MOVED`, also `::1:6379`. */
export function addressOf(name: string): Address {
  const colon = name.lastIndexOf(':')
  return { host: name.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(name.slice(colon + 1)) }
}
