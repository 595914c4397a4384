/** One server of the balanced chat: what an application writes, and nothing else. */
import { RealtimeServer } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import { SETTINGS, type NodeSettings } from '../../src/chaos/protocol.js'
import { serve } from './serve.js'

const { name, backend, leaseMs } = JSON.parse(process.env[SETTINGS] ?? '') as NodeSettings
if (backend.kind !== 'redis') throw new Error('this server needs Redis')

const realtime = new RealtimeServer(undefined, {
  backend: redis({ url: backend.url, ...(leaseMs && { leaseMs }) }),
  limits: { presenceGraceMs: 1_500, heartbeatMs: 2_000, heartbeatTimeoutMs: 1_500 },
  // Everybody may come in; the session remembers the name.
  authenticate: () => ({ user: null, hello: { node: name } }),
})
realtime.channel('room:{room}', {
  subscribe: true,
  presence: ({ attributes }) => typeof attributes['username'] === 'string',
  publish: ({ attributes: { username }, data }) =>
    typeof username === 'string' ? { data: `${username}: ${String(data)}` } : { refuse: 'Choose a name first.' },
})
realtime.method('set_username', async (username, { session }) => {
  await realtime.setAttributes({ session }, { username: String(username) })
  return `You are ${String(username)} now.`
})
realtime.method('read_session', async (id) => {
  const known = await realtime.session(String(id))
  return known ? { attributes: known.attributes } : null
})

serve(realtime)
