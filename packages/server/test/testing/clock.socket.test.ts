import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/platform/system-clock.js'
import { clockContract } from '../../src/testing/index.js'

clockContract({ describe, expect, test }, 'of the machine', () => ({
  clock: systemClock,
  advance: (ms) => sleep(ms + 10),
}))
