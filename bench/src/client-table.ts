import { CLIENT_LIMIT_BYTES } from './clients.js'
import { readableRatio } from './numbers/format.js'
import type { Results } from './results.js'
import { table } from './table.js'

/** What a page downloads for each client, and whether ours is within its law. */
export function clientTable({ clients }: Pick<Results, 'clients'>): string {
  const ours = clients[0]
  if (!ours) return ''
  const body = clients.map(({ name, gzippedBytes }) => [
    `\`${name}\``,
    gzippedBytes.toLocaleString('en'),
    name === ours.name ? '' : readableRatio(ours.gzippedBytes / gzippedBytes),
  ])
  const limit = CLIENT_LIMIT_BYTES.toLocaleString('en')
  const outcome = ours.gzippedBytes <= CLIENT_LIMIT_BYTES ? 'met' : '**not met**'
  return `${table(['', 'bytes, minified and gzipped', 'ours to it'], body)}\n\n- at most ${limit} bytes: ${ours.gzippedBytes.toLocaleString('en')}, ${outcome}`
}
