import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RealtimeServer } from '@org/realtime-server'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'

/** A client of the protocol without a library, that keeps every text it was sent. */
async function connected(url: string): Promise<{ readonly texts: string[]; say(frame: object): void }> {
  const socket = new WebSocket(url, 'realtime.v1.json')
  onTestFinished(() => socket.terminate())
  const texts: string[] = []
  const say = (frame: object) => socket.send(JSON.stringify(frame))
  socket.on('open', () => say({ type: 'connect', producer: 'p'.repeat(22) }))
  await new Promise<void>((resolve) =>
    socket.on('message', (data: Buffer) => {
      texts.push(data.toString())
      if (texts.length === 1) resolve()
    }),
  )
  return { texts, say }
}

test('[A4] the answer to a request reaches its sender and nobody else', async () => {
  const realtime = new RealtimeServer()
  realtime.channel('room', { subscribe: true })
  realtime.method('whisper', (_input, { session }) => `only for ${session}`)
  const http = createServer()
  realtime.attach(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await realtime.close()
    http.close()
  })
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/realtime`
  const peers = await Promise.all([connected(url), connected(url), connected(url)])
  for (const { say } of peers) say({ type: 'subscribe', channel: 'room', generation: 1 })
  peers[0]?.say({ type: 'call', ref: 7, method: 'whisper' })
  const results = () => peers.map(({ texts }) => texts.filter((text) => text.includes('only for')).length)
  await expect.poll(results).toEqual([1, 0, 0])
  // What everybody gets comes after the answer would have.
  await realtime.publish('room', 'for all')
  await expect.poll(() => peers.every(({ texts }) => texts.at(-1)?.includes('for all'))).toBe(true)
  expect(results()).toEqual([1, 0, 0])
})
