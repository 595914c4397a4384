export { RealtimeClient } from './client.js'
export * from './door.js'
