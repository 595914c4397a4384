import type { ClientState } from '@org/realtime-client'
import type { Order, Status } from '../contract.js'

const euros = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' })
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })

export const money = (cents: number): string => euros.format(cents / 100)

export const time = (at: number): string => clock.format(at)

/** What the kitchen calls a status. */
export const STATUS: Record<Status, string> = { new: 'New', cooking: 'Cooking', ready: 'Ready', collected: 'Collected' }

/** What a customer reads about an order. */
export function orderInWords({ status, shopName }: Order, shopIsOpen: boolean): string {
  switch (status) {
    case 'new':
      return shopIsOpen
        ? `${shopName} has your order and starts soon.`
        : `${shopName} is closed. Your order waits there and is seen as soon as it opens.`
    case 'cooking':
      return 'Your order is being made.'
    case 'ready':
      return 'Ready! Come and get it.'
    case 'collected':
      return 'Collected. Enjoy!'
  }
}

/** How long ago, in whole minutes. */
export function ageInWords(since: number, now: number): string {
  const minutes = Math.max(0, Math.floor((now - since) / 60_000))
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`
}

/** What keeps us from the server, for people; nothing when nothing does. */
export function troubleInWords({ status, offline, error, retryInMs }: ClientState): string | undefined {
  if (error) return `Disconnected: ${error.message}. Reload the page to come back.`
  if (offline) return 'You are offline. This page will catch up by itself.'
  if (status !== 'connecting') return undefined
  return retryInMs === undefined ? 'Connecting …' : 'No connection. What you see may be old.'
}

export function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}${/[sh]$/.test(noun) ? 'es' : 's'}`
}
