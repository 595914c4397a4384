import { memory } from '@org/realtime-server'
import type { Contend } from './contender.js'
import { realtime } from './realtime.js'

/** Ours, on its own. */
export const realtimeInMemory: Contend = (http) => realtime(memory())(http)
