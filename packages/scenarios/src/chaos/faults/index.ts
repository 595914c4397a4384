import { CLIENT_FAULTS } from './clients.js'
import type { Fault } from './fault.js'
import { LONG_FAULTS } from './long.js'
import { MIXED_FAULTS } from './mixed.js'
import { NODE_FAULTS } from './nodes.js'
import { REDIS_FAULTS } from './redis.js'

export type { Fault } from './fault.js'

/** Every kind of fault that is played when none is asked for, by name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  ...CLIENT_FAULTS,
  ...NODE_FAULTS,
  ...REDIS_FAULTS,
  ...MIXED_FAULTS,
}

/** A kind of fault by its name, also one that is played only when it is asked for. */
export function faultOf(kind: string): Fault | undefined {
  const all = { ...FAULTS, ...LONG_FAULTS }
  return Object.hasOwn(all, kind) ? all[kind] : undefined
}

/** Kinds after which stored messages may be gone. */
export const LOSSY_FAULTS: readonly string[] = Object.keys(FAULTS).filter((kind) => FAULTS[kind]?.isLossy)

/** The kinds that a run over some backend can have. */
export function kindsFor(backend: 'memory' | 'redis'): readonly string[] {
  return Object.keys(FAULTS).filter((kind) => backend === 'redis' || FAULTS[kind]?.needs === 'nothing')
}
