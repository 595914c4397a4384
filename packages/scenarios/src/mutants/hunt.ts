import { parentPort, workerData } from 'node:worker_threads'
import { simulate } from '../sim/run.js'
import type { Death } from './run-mutant.js'

// Runs in a worker, bundled with a mutant: looks for the first schedule whose history is wrong.
const { schedules } = workerData as { readonly schedules: number }
let death: Death | undefined
for (let seed = 1; seed <= schedules && !death; seed++) {
  const { verdict } = await simulate(seed)
  if (verdict.violations.length > 0) death = { seed, rules: [...new Set(verdict.violations.map(({ rule }) => rule))] }
}
parentPort?.postMessage(death)
