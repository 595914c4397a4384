// The server that tests abuse, as a process of its own.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RealtimeServer } from '@org/realtime-server'

const realtime = new RealtimeServer()
realtime.channel('room', { subscribe: true, publish: true })

// How long a request may take to say what it wants is for the HTTP server to judge.
const http = createServer({ headersTimeout: 1_000, requestTimeout: 1_000, connectionsCheckingInterval: 200 })
realtime.attach(http)
http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }))

process.on('message', () => void measure())

async function measure(): Promise<void> {
  // What a collection frees goes back to the system a little later.
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.()
    await sleep(50)
  }
  process.send?.({ bytes: process.memoryUsage().rss })
}
