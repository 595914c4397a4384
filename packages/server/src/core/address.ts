/** An IPv4 address as IPv6 writes it. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** An address in its own family: a dual-stack socket names an IPv4 peer `::ffff:192.0.2.1`. */
export function plainAddress(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address
}

/**
 * What an address is counted as. Of IPv6 the first 64 bits: everybody who has one such address has 2^64 of them. What
 * is no address counts as it is.
 */
export function addressKey(address: string): string {
  const plain = plainAddress(address)
  if (!plain.includes(':')) return plain
  const [head = '', tail] = (plain.split('%', 1)[0] ?? '').split('::', 2)
  const before = groups(head)
  // `::` stands for as many zeroes as are missing. An IPv4 part at the end takes the place of two groups.
  const after = groups(tail ?? '').flatMap((group) => (group.includes('.') ? [group, ''] : [group]))
  const zeroes = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const all = [...before, ...Array.from({ length: zeroes }, () => '0'), ...after]
  return `${all.slice(0, 4).map(canonical).join(':')}::/64`
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':')
}

function canonical(group: string): string {
  return group.toLowerCase().replace(/^0+(?=.)/, '')
}
