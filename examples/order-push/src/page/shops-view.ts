import type { Shop } from '../contract.js'
import { byId, copyOf, part, show, write } from './dom.js'

/** Shows the shops, those that are open first. */
export function drawShops(shops: readonly Shop[]): void {
  const sorted = [...shops].sort((a, b) => Number(b.open) - Number(a.open) || a.name.localeCompare(b.name))
  show(byId('shops'), sorted, {
    key: ({ id }) => id,
    make: () => copyOf('shop-template'),
    draw: (item, { id, name, tagline, open }) => {
      part<HTMLAnchorElement>(item, 'a').href = `#/shop/${id}`
      write(part(item, '.name'), name)
      write(part(item, '.tagline'), tagline)
      drawOpen(part(item, '.badge'), open)
    },
  })
}

/** Shows whether a shop is open. */
export function drawOpen(badge: HTMLElement, open: boolean): void {
  badge.hidden = false
  badge.dataset['tone'] = open ? 'good' : 'quiet'
  write(badge, open ? 'Open' : 'Closed')
}
