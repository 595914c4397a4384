import { expect, test } from 'vitest'
import { main } from '../../src/chaos/main.js'
import type { Report } from '../../src/chaos/run.js'
import { emptyTally } from '../../src/chaos/tally.js'

type Play = NonNullable<Parameters<typeof main>[3]>

/** What the command line says and asks for, when its rounds come out like this. */
async function command(args: readonly string[], { failures = [] }: { readonly failures?: readonly string[] } = {}) {
  const said: string[] = []
  const played: Array<Parameters<Play>[0]> = []
  const tallies = new Map([['node.kill', { ...emptyTally(), rounds: 1, deliveries: 1_234 }]])
  const play: Play = async (options): Promise<Report> => {
    played.push(options)
    return { tallies, failures }
  }
  const code = await main(args, '/nowhere', (line) => said.push(line), play)
  return { code, said: said.join('\n'), played }
}

test('a run that broke no rule ends with 0, with a table and what was checked', async () => {
  const { code, said } = await command(['--seed', '7'])
  expect(code).toBe(0)
  expect(said).toContain('| `node.kill` | 1 | 1,234 |')
  expect(said).toMatch(/^Seed 7: 1234 deliveries checked in \d+ s; 0 failures\.$/m)
})

test('a run with violations ends with 1, and says how many', async () => {
  const { code, said } = await command([], { failures: ['node.kill: rule 5', 'node.kill: rule 9'] })
  expect(code).toBe(1)
  expect(said).toContain('| all | 1 | 1,234 |')
  expect(said).toMatch(/; 2 failures\.$/m)
})

test('what is asked for is played, and the rest is as documented', async () => {
  const { played } = await command([
    '--kinds',
    'node.kill,redis.away',
    '--first',
    '37',
    '--minutes',
    '0.5',
    '--rate',
    '50',
  ])
  expect(played).toMatchObject([
    {
      seed: 1,
      first: 37,
      minutes: 0.5,
      kinds: ['node.kill', 'redis.away'],
      backend: 'redis',
      nodes: 2,
      clients: 16,
      channels: 4,
      publishesPerSecond: 50,
      aroundMs: 1_000,
      usesDefaults: false,
    },
  ])
  expect((await command([])).played[0]).not.toHaveProperty('kinds')
  expect((await command(['--backend', 'memory', '--nodes', '3'])).played).toMatchObject([
    { backend: 'memory', nodes: 1 },
  ])
})

test.each([
  [['--kinds', 'node.kill,node.explode'], 'There is no fault node.explode. There are client.reset,'],
  [['--kinds', ''], 'There is no fault .'],
  [['--seed', 'x'], '--seed is a number, and not x.'],
  [['--minutes', ''], '--minutes is a number, and not .'],
  [['--backend', 'paper'], 'There is no backend paper'],
  [['--node', '2'], "Unknown option '--node'"],
  [['extra'], "Unexpected argument 'extra'"],
])('%j is nonsense: it is said why, nothing is played, and it ends with 2', async (args, why) => {
  const { code, said, played } = await command(args)
  expect(code).toBe(2)
  expect(said).toContain(why)
  expect(played).toEqual([])
})
