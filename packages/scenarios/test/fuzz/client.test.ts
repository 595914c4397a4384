import { isProtocolError, serverCodec } from '@org/realtime-protocol'
import { RealtimeClient, type LinkEvents } from '@org/realtime-client'
import { expect, test } from 'vitest'
import { mutated } from '../../src/fuzz/mutate.js'
import { Chance } from '../../src/sim/chance.js'
import { Process } from '../../src/sim/process.js'
import { VirtualTime } from '../../src/sim/virtual-time.js'
import { CLIENT_INPUTS, SEED } from './budget.js'
import { validCorpus } from './corpus.js'

const PER_CLIENT = 100
const STATUSES = ['idle', 'connecting', 'connected', 'closed']
const CONNECTED = JSON.stringify({
  type: 'connected',
  session: { id: 's', token: 't' },
  resumed: false,
  user: null,
  heartbeatMs: 25_000,
  limits: { messageBytes: 65_536, channels: 128, inFlight: 64 },
})

function subscribed(channel: string, generation: number): string {
  return JSON.stringify({ type: 'subscribed', channel, generation, position: { epoch: 'e', offset: 0 }, head: 0 })
}

function publications(offset: number): string[] {
  return ['room:42', 'news', 'c'].map((channel) =>
    JSON.stringify({ type: 'publication', channel, epoch: 'e', offset, id: `m${offset}`, at: 1, data: offset }),
  )
}

test('a live client takes anything: it never throws, says only what a server understands, and settles all it was asked', {
  timeout: 600_000,
}, async () => {
  const chance = new Chance(SEED, 'fuzz of the client')
  const texts = [...validCorpus('server', 'closing'), ...[1, 2, 3, 4].flatMap(publications)]
  let dials = 0
  let heard = 0
  for (let number = 0; number < CLIENT_INPUTS / PER_CLIENT; number++) {
    const time = new VirtualTime()
    const pass = (ms: number) => {
      time.after(0, () => undefined)
      return time.runUntil(time.now + ms)
    }
    let link: LinkEvents | undefined
    const faults: unknown[] = []
    const client = new RealtimeClient('ws://test', {
      clock: new Process(time).clientClock(),
      random: chance,
      network: { online: true, watch: () => () => undefined },
      transport: {
        dial(_url, _protocol, events) {
          dials += 1
          let open = true
          link = events
          time.after(1, () => open && events.opened())
          time.after(2, () => open && events.message(CONNECTED))
          const end = (code: number) => {
            if (!open) return
            open = false
            if (link === events) link = undefined
            time.after(1, () => events.closed(code, ''))
          }
          return {
            send(text) {
              const frame = serverCodec.decode(text)
              // A channel that only a broken server could name is named back to it.
              if (isProtocolError(frame) && /(^|\.)channel$/.test(frame.path)) return end(4502)
              if (isProtocolError(frame)) throw new Error(`seed ${SEED}: the client said ${text.slice(0, 500)}`)
              if (frame.type === 'goodbye') end(1000)
              const wanted =
                frame.type === 'connect' ? (frame.subscriptions ?? []) : frame.type === 'subscribe' ? [frame] : []
              for (const { channel, generation } of wanted) {
                time.after(3, () => open && events.message(subscribed(channel, generation)))
              }
            },
            close: (code) => end(code),
            bufferedBytes: 0,
          }
        },
      },
    })
    client.on('error', ({ error }) => void faults.push(error))
    const asked: Array<Promise<unknown>> = []
    for (const name of ['room:42', 'news', 'c']) {
      const channel = client.channel(name)
      channel.on('message', () => void (heard += 1))
      asked.push(channel.publish(1), channel.history(), channel.ready())
    }
    const settled = Promise.allSettled(asked)
    await pass(5)
    const wildness = chance.pick([0, 0.05, 0.2, 1])
    for (let i = 0; i < PER_CLIENT; i++) {
      link?.message(mutated(chance, texts, wildness))
      if (chance.happens(0.2)) await pass(chance.index(2_000))
      expect(STATUSES).toContain(client.state.status)
    }
    void client.close()
    await pass(1_000)
    expect((await settled).length).toBe(9)
    expect(faults, `seed ${SEED}, client ${number}`).toEqual([])
    expect(client.state.status).toBe('closed')
  }
  // Clients that never get past their first link, or hear nothing, would test little.
  expect(dials).toBeGreaterThan(CLIENT_INPUTS / PER_CLIENT)
  expect(heard).toBeGreaterThan(0)
})
