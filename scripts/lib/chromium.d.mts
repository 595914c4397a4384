import type { Machine as AnyMachine } from './program.mjs'

/** What a plan is made from. */
export interface Machine extends AnyMachine {
  readonly home: string
}
export interface Plan {
  readonly path?: string
  readonly attempts?: ReadonlyArray<ReadonlyArray<readonly string[]>>
  readonly advice?: string
}
export function planChromium(machine: Machine): Plan
export function findChromium(env?: NodeJS.ProcessEnv): string | undefined
export function requireChromium(): string
