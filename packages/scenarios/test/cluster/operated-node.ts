/** A server on Redis that anybody enters under any name, and that does for its callers what its application could. */
import type { Data } from '@org/realtime-protocol'
import { RealtimeServer } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import { SETTINGS, type NodeSettings } from '../../src/chaos/protocol.js'
import { serve } from './serve.js'

const { name, backend, leaseMs } = JSON.parse(process.env[SETTINGS] ?? '') as NodeSettings
if (backend.kind !== 'redis') throw new Error('this server needs Redis')

const realtime = new RealtimeServer(undefined, {
  backend: redis({ url: backend.url, ...(leaseMs && { leaseMs }) }),
  personal: true,
  authenticate: ({ token }) => ({ user: token ? { id: token } : null, hello: { node: name } }),
})
realtime.channel('room:{room}', { subscribe: true, publish: true, presence: true })
realtime.channel('closed:{room}', { subscribe: false })
realtime.method('operate', async (input) => {
  const [verb, ...args] = input as [verb: string, ...args: Data[]]
  const does = (realtime as unknown as Record<string, (...args: Data[]) => Promise<Data>>)[verb]
  if (!does) throw new Error(`a server does not ${verb}`)
  return does.apply(realtime, args)
})

serve(realtime)
