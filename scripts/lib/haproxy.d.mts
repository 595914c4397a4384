import type { Machine, Plan } from './program.mjs'

export type { Machine, Plan }
export function planHaproxy(machine: Machine): Plan
export function findHaproxy(env?: NodeJS.ProcessEnv): string | undefined
export function requireHaproxy(): string
