export { FaultProxy, type Target } from './fault-proxy.js'
export type { ProxiedLink } from './proxied-link.js'
export { FAIR, type Direction, type Weather } from './weather.js'
