import { followState } from '@org/realtime-client/state'
import { expect, test } from 'vitest'
import { followDocument, type Follow } from '../../src/sim/documents.js'

/** Set `SEED` to begin elsewhere, and `RUNS=1` to look at that one schedule only. */
const FIRST_SEED = Number(process.env['SEED'] ?? 1)
const RUNS = Number(process.env['RUNS'] ?? 40)

const following: Follow = ({ channel, process, chance, load, reset, apply }) => {
  followState(channel, {
    load,
    reset,
    apply: ({ data }) => apply(data),
    error: () => undefined,
    clock: process.clientClock(),
    random: chance,
  })
}

/** Reads until it succeeds, as everybody would. */
async function loaded({ load }: Parameters<Follow>[0]) {
  for (;;) {
    const document = await load().catch(() => undefined)
    if (document) return document
  }
}

/** Reads, then listens: what is published between the two is never shown. */
const loadThenListen: Follow = async (page) => {
  page.reset(await loaded(page))
  page.channel.on('message', ({ data }) => page.apply(data))
}

/** Listens, then reads: what is published while the reading runs is shown, and then overwritten by what was read. */
const listenThenLoad: Follow = async (page) => {
  page.channel.on('message', ({ data }) => page.apply(data))
  await page.channel.ready()
  page.reset(await loaded(page))
}

/** Joins both without a hole, but hears of no gap. */
const withoutGaps: Follow = (page) => following({ ...page, channel: deaf(page.channel) })

function deaf<T extends object>(channel: T): T {
  return new Proxy(channel, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown =>
        name === 'on' && args[0] === 'gap' ? () => undefined : Reflect.apply(value, target, args)
    },
  })
}

/** Seeds after which some page shows another document than the database holds. */
async function wrongSeeds(follow: Follow): Promise<number[]> {
  const wrong: number[] = []
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const { written, shown } = await followDocument(seed, follow)
    const same = shown.every(
      (document) => document.size === written.size && [...written].every((id) => document.has(id)),
    )
    if (!same || shown.length === 0) wrong.push(seed)
  }
  return wrong
}

test('a state that is followed is the state there is, whenever it was read, through links that break and gaps', {
  timeout: 120_000,
}, async () => {
  expect(await wrongSeeds(following)).toEqual([])
})

test('the same seed gives the same run', async () => {
  const first = await followDocument(FIRST_SEED, following)
  expect(await followDocument(FIRST_SEED, following)).toEqual(first)
  expect(first.written.size).toBeGreaterThan(100)
})

test.each([
  ['reading before listening', loadThenListen],
  ['listening before reading', listenThenLoad],
  ['joining both, but deaf to gaps', withoutGaps],
])('%s shows something else', { timeout: 120_000 }, async (_, follow) => {
  expect((await wrongSeeds(follow)).length).toBeGreaterThan(0)
})
