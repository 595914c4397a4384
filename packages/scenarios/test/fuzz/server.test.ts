import { CLOSE_CODES, clientCodec, isProtocolError, type ServerFrame } from '@org/realtime-protocol'
import { contract, RealtimeServer, type LogFields } from '@org/realtime-server'
import { expect, test } from 'vitest'
import { Attacker } from '../../src/fuzz/attacker.js'
import { mutated } from '../../src/fuzz/mutate.js'
import { Chance } from '../../src/sim/chance.js'
import { Process } from '../../src/sim/process.js'
import { VirtualTime } from '../../src/sim/virtual-time.js'
import { SEED, SERVER_INPUTS } from './budget.js'
import { validCorpus } from './corpus.js'

const PER_LINK = 20
const CONNECT = JSON.stringify({ type: 'connect', producer: 'p'.repeat(22) })
const ALLOWED = new Set<number>([1000, ...Object.values(CLOSE_CODES).map(({ code }) => code)])
/** What a server may complain of when a peer is to blame. */
const BLAMED_ON_PEERS = /^(bad frame|gap|links are refused)/

test('a live server takes anything: every link ends well or goes on, and a bystander misses nothing', {
  timeout: 1_200_000,
}, async () => {
  const time = new VirtualTime()
  const chance = new Chance(SEED, 'fuzz of the server')
  const texts = validCorpus('client', 'connect', 'goodbye')
  const ends = validCorpus('client')
  /** Lets time pass, and before that whatever waits for promises only. */
  const pass = (ms: number) => {
    time.after(0, () => undefined)
    return time.runUntil(time.now + ms)
  }
  const complaints: Array<{ message: string; fields: LogFields | undefined }> = []
  const complain = (message: string, fields?: LogFields) => void complaints.push({ message, fields })
  const quiet = () => undefined
  const server = new RealtimeServer(contract({}), {
    clock: new Process(time).serverClock(),
    random: chance,
    logger: { debug: quiet, info: quiet, warn: complain, error: complain },
    limits: { connections: 1_000_000, handshakes: 1_000_000 },
    personal: true,
  })
  server.channel('latest:{id}', { mode: 'latest', subscribe: true, publish: true })
  server.channel('ephemeral:{id}', { mode: 'ephemeral', subscribe: true, publish: true })
  server.channel('{any}', { subscribe: true, publish: true })
  server.channel('room:{id}', { subscribe: true, publish: true, log: { messages: 50 } })

  const witness = new Attacker(time, server, 0)
  const received: unknown[] = []
  witness.heard = (text) => {
    const frame = clientCodec.decode(text) as ServerFrame
    if (frame.type === 'publication') received.push(frame.data)
    if (frame.type === 'ping') witness.say('{"type":"pong"}')
  }
  witness.say(CONNECT)
  await pass(10)
  witness.say(JSON.stringify({ type: 'subscribe', channel: 'witness', generation: 1 }))
  await pass(10)

  const codes = new Map<number | undefined, number>()
  let answered = 0
  for (let link = 1; link <= SERVER_INPUTS / PER_LINK; link++) {
    const attacker = new Attacker(time, server, link)
    attacker.heard = (text) => {
      const frame = clientCodec.decode(text)
      if (isProtocolError(frame)) throw new Error(`the server said ${text.slice(0, 500)}`)
    }
    const wildness = chance.pick([0, 0.05, 0.2, 1])
    if (chance.happens(0.9)) attacker.say(CONNECT)
    await pass(5)
    for (let i = 0; i < PER_LINK; i++) {
      attacker.say(mutated(chance, chance.happens(0.02) ? ends : texts, wildness))
      if (chance.happens(0.3)) await pass(chance.index(50))
    }
    await pass(5)
    codes.set(attacker.end?.code, (codes.get(attacker.end?.code) ?? 0) + 1)
    if (attacker.end) expect(ALLOWED, `seed ${SEED}, link ${link}`).toContain(attacker.end.code)
    answered += attacker.answers
    if (chance.happens(0.7)) attacker.terminate()
    if (link % 50 === 0) await server.publish('witness', link)
  }
  // Those that were left open, and say nothing more, are found out by the heartbeat.
  await pass(60_000)

  expect(complaints.filter(({ message }) => !BLAMED_ON_PEERS.test(message))).toEqual([])
  expect(received).toEqual(Array.from({ length: Math.floor(SERVER_INPUTS / PER_LINK / 50) }, (_, i) => (i + 1) * 50))
  expect([witness.end, server.connections]).toEqual([undefined, 1])
  // Links that all end with their first frame would test the first frame only.
  expect(codes.get(undefined) ?? 0).toBeGreaterThan(SERVER_INPUTS / PER_LINK / 20)
  expect(answered).toBeGreaterThan(SERVER_INPUTS / 10)
  await server.close()
})
