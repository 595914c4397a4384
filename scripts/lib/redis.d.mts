import type { Machine, Plan } from './program.mjs'

export type { Machine, Plan }
export function planRedis(machine: Machine): Plan
export function findRedis(env?: NodeJS.ProcessEnv): string | undefined
export function requireRedis(): string
