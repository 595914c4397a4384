import { describe, expect, test } from 'vitest'
import { MemoryLink } from '../support/memory-link.js'
import { world } from '../support/world.js'

type World = ReturnType<typeof world>

/** A world with so many connected clients. */
async function crowd(count: number, options: Parameters<typeof world>[0] = {}) {
  const made = world(options)
  const clients: MemoryLink[] = []
  for (let i = 0; i < count; i++) clients.push(await made.connected())
  return { ...made, clients }
}

const ended = (clients: readonly MemoryLink[]) => clients.filter(({ end }) => end).length

describe('a drain', () => {
  test('sends links away evenly, and has sent all of them at its end', async () => {
    const { server, clock, clients } = await crowd(100)
    const closed = server.close({ drainMs: 10_000 })
    const seen: number[] = []
    for (let second = 0; second < 10; second++) {
      await clock.advance(1_000)
      seen.push(ended(clients))
    }
    await closed
    for (const [i, count] of seen.entries()) expect(Math.abs(count - (i + 1) * 10)).toBeLessThanOrEqual(10)
    expect(seen.at(-1)).toBe(100)
  })

  test('tells each client to come back, and when', async () => {
    const { server, clock, clients } = await crowd(3)
    const closed = server.close({ drainMs: 1_000, retryAfterMs: 250 })
    await clock.advance(1_000)
    await closed
    for (const client of clients) {
      expect(client.heard.at(-1)).toMatchObject({ type: 'closing', code: 4000, retryAfterMs: 250 })
    }
  })

  test('is not ready at once, takes links for lbDelayMs, and refuses them after it', async () => {
    const { server, clock, clients, link } = await crowd(1)
    const closed = server.close({ lbDelayMs: 5_000, drainMs: 5_000 })
    expect(server.ready).toBe(false)
    await clock.advance(4_900)
    const early = link()
    await early.connect()
    expect([early.end, ended(clients)]).toEqual([undefined, 0])
    await clock.advance(200)
    expect(new MemoryLink(clock, server).end?.code).toBe(4000)
    await clock.advance(5_000)
    await closed
    expect(early.end?.code).toBe(4000)
  })

  test('serves the links that are left as before', async () => {
    const { server, clock, clients } = await crowd(20)
    for (const client of clients) await client.subscribe({ channel: 'c', generation: 1 })
    const closed = server.close({ drainMs: 2_000 })
    await clock.advance(1_000)
    const left = clients.filter(({ end }) => !end)
    expect(left.length).toBeGreaterThan(0)
    await server.publish('c', 'late')
    await clock.settle()
    for (const client of left) expect(client.heard.at(-1)).toMatchObject({ type: 'publication', data: 'late' })
    await clock.advance(1_000)
    await closed
  })

  test('waits for the answers a link is owed, until the deadline', async () => {
    const answers: Array<(allowed: boolean) => void> = []
    const { server, clock, clients } = await crowd(2, { rules: false })
    server.channel('slow', { publish: () => new Promise((resolve) => answers.push(resolve)) })
    const [patient, stuck] = clients as [MemoryLink, MemoryLink]
    for (const client of clients) await client.say({ type: 'publish', ref: 1, channel: 'slow', id: 'm', data: 1 })
    const closed = server.close({ drainMs: 2_000 })
    await clock.advance(1_000)
    expect(ended(clients)).toBe(0)
    answers[0]?.(true)
    await clock.advance(500)
    expect(patient.heard.map(({ type }) => type).slice(-2)).toEqual(['reply', 'closing'])
    expect(stuck.end).toBeUndefined()
    await clock.advance(500)
    await closed
    expect(stuck.end?.code).toBe(4000)
  })

  test('ends at once when close is called again', async () => {
    const { server, clients, clock }: World & { clients: MemoryLink[] } = await crowd(10)
    const closed = server.close({ lbDelayMs: 60_000, drainMs: 60_000 })
    await clock.advance(10)
    void server.close()
    await closed
    await clock.settle()
    expect(ended(clients)).toBe(10)
    expect(clock.pending).toBe(0)
  })

  test('is over as soon as no link is left', async () => {
    const { server, clock } = await crowd(0)
    const start = clock.now()
    await server.close({ drainMs: 60_000 })
    expect(clock.now()).toBe(start)
  })

  test.each([{ drainMs: -1 }, { lbDelayMs: Number.NaN }, { retryAfterMs: Infinity }])('refuses %o', (options) => {
    const { server } = world()
    expect(() => server.close(options)).toThrow(/must be a number of milliseconds from 0/)
  })
})
