import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync, readdirSync } from 'node:fs'
import { RealtimeServer } from '@org/realtime-server'
import { prometheus } from '@org/realtime-server/metrics'
import { Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { Attacker } from '../../src/fuzz/attacker.js'
import { Stage } from './stage.js'

const EVENTS = ['connect', 'disconnect', 'subscribe', 'publish', 'gap', 'limited']

test('a token is in no log line, event, metric, close reason or frame, whatever goes wrong around it', async () => {
  const seen: string[] = []
  const note = (...told: unknown[]) => void seen.push(told.map((value) => JSON.stringify(value)).join(' '))
  for (const event of EVENTS) {
    const name = `realtime:${event}`
    subscribe(name, note)
    onTestFinished(() => void unsubscribe(name, note))
  }
  const registry = new Registry()
  let mood = 'fine'
  const stage = new Stage({
    logger: { debug: note, info: note, warn: note, error: note },
    metrics: prometheus({ register: registry }),
    authenticate: ({ token, handshake }) => {
      if (mood === 'refuse') return null
      // What an application throws may hold the whole request.
      if (mood === 'throw') throw Object.assign(new Error('no database'), { token, handshake })
      return { user: { id: 'ada' }, ...(mood === 'short' ? { expiresAt: Date.UTC(2030) } : {}) }
    },
  })
  stage.server.channel('room', {
    subscribe: () => {
      if (mood === 'rule') throw new Error('a rule with a fault')
      return true
    },
    publish: true,
  })

  const secrets: string[] = []
  for (const [i, next] of ['fine', 'refuse', 'throw', 'short', 'rule', 'garbage', 'large', 'resume'].entries()) {
    mood = next
    const [token, sessionToken, ticket] = [`canary-token-${i}`, `canary-session-${i}`, `canary-ticket-${i}`]
    secrets.push(token, sessionToken, ticket)
    const link = new Attacker(stage.time, stage.server, i, {
      url: `/realtime?ticket=${ticket}`,
      headers: { cookie: ticket, authorization: `Bearer ${token}` },
    })
    // Its own link is told its own session's token, and nobody else is.
    link.heard = (text) => {
      const frame = JSON.parse(text) as { session?: { token: string } }
      if (frame.session) secrets.push(frame.session.token)
      else seen.push(text)
    }
    const connect = JSON.stringify({
      type: 'connect',
      producer: 'p'.repeat(22),
      token,
      session: { id: 's'.repeat(22), token: sessionToken },
    })
    link.say(mood === 'garbage' ? connect.slice(0, -1) : mood === 'large' ? connect + ' '.repeat(70_000) : connect)
    await stage.pass(50)
    link.say('{"type":"subscribe","channel":"room","generation":1}')
    link.say(JSON.stringify({ type: 'refresh', ref: 1, token: `${token}-second` }))
    await stage.pass(50)
    link.say(connect)
    await stage.pass(5_000)
    seen.push(link.end?.reason ?? '')
    link.terminate()
    await stage.pass(50)
  }
  seen.push(await registry.metrics())

  expect(seen.length).toBeGreaterThan(30)
  expect(new Set(secrets).size).toBeGreaterThan(24)
  for (const line of seen) for (const secret of secrets) expect(line).not.toContain(secret)
})

test('ids and tokens have 128 bits of randomness and more, each as likely as the other', async () => {
  const server = new RealtimeServer()
  server.channel('room', { log: { messages: 1 } })
  const ids = new Set<string>()
  const count = 10_000
  for (let i = 0; i < count; i++) ids.add((await server.publish('room', i)).id)
  expect(ids.size).toBe(count)
  const ones = new Array<number>(128).fill(0)
  for (const id of ids) {
    const bytes = Buffer.from(id, 'base64url')
    expect(bytes.length).toBe(16)
    for (let bit = 0; bit < 128; bit++) ones[bit] = (ones[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1)
  }
  // A fair bit is this far from a half once in a billion runs.
  for (const each of ones) expect(Math.abs(each / count - 0.5)).toBeLessThan(0.035)
  await server.close()
})

test('Math.random is asked for nothing but how long to wait', () => {
  const uses = ['protocol', 'server', 'client'].flatMap((name) => {
    const folder = new URL(`../../../${name}/src/`, import.meta.url)
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) =>
        readFileSync(new URL(path, folder), 'utf8')
          .split('\n')
          .filter((line) => /Math\.random\b(?!`)/.test(line))
          .map((line) => `${name}/${path}: ${line.trim()}`),
      )
  })
  expect(uses.filter((use) => !/platform\/.*: (fraction: \(\) => Math\.random\(\),|\*)/.test(use))).toEqual([])
  expect(uses.length).toBeGreaterThan(0)
})
