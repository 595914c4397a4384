import { expect, test } from 'vitest'
import { watched } from '../../src/chaos/faults/watched.js'
import type { ProxiedLink } from '../../src/fault-proxy/index.js'

test('of a link that was harmed in an earlier round only what comes now counts', () => {
  const now = { up: { lost: 1, held: 2, late: 3 }, down: { lost: 4, held: 5, late: 6 } }
  const link = watched({ harmed: (direction: 'up' | 'down') => now[direction] } as ProxiedLink)
  expect([link.harmed('up'), link.harmed('down')]).toEqual(Array(2).fill({ lost: 0, held: 0, late: 0 }))
  now.up.held += 7
  now.down.late += 8
  expect(link.harmed('up')).toEqual({ lost: 0, held: 7, late: 0 })
  expect(link.harmed('down')).toEqual({ lost: 0, held: 0, late: 8 })
})
