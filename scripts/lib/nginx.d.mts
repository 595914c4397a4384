import type { Machine, Plan } from './program.mjs'

export type { Machine, Plan }
export function planNginx(machine: Machine): Plan
export function findNginx(env?: NodeJS.ProcessEnv): string | undefined
export function requireNginx(): string
