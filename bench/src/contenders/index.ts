import type { Contend } from './contender.js'

/** Who can be measured, and what tables call them. */
export const CONTENDERS = {
  realtime: '@org/realtime',
  'ws-framed': 'one framed buffer',
  ws: '`ws`, a send each',
  'socket.io': 'Socket.IO',
} as const

/** Name of a contender. */
export type ContenderName = keyof typeof CONTENDERS

/** Loads one contender and nothing of the others, whose code would count as its memory. */
export async function contender(name: ContenderName): Promise<Contend> {
  switch (name) {
    case 'realtime':
      return (await import('./realtime.js')).realtime
    case 'ws-framed':
      return (await import('./ws.js')).wsFramed
    case 'ws':
      return (await import('./ws.js')).wsEach
    case 'socket.io':
      return (await import('./socket-io.js')).socketIo
  }
}
