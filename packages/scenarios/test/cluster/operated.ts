import { fileURLToPath } from 'node:url'
import { RealtimeClient } from '@org/realtime-client'
import type { LiveSessions, RealtimeServer, Reached, Totals } from '@org/realtime-server'
import { onTestFinished } from 'vitest'
import { bundle } from '../../src/chaos/bundle.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Bundles the server that does for its callers what its application could. */
export function operatedProgram() {
  return bundle(`${root}test/cluster/operated-node.ts`, root)
}

/** Somebody on a server, under a name. */
export async function visitor(url: string, user: string): Promise<RealtimeClient> {
  const client = new RealtimeClient(url, { token: () => user, reconnect: { minMs: 50, baseMs: 100, maxMs: 500 } })
  onTestFinished(() => client.close())
  client.connect()
  await client.ready()
  return client
}

type Verb = {
  [Name in keyof RealtimeServer]: RealtimeServer[Name] extends (...args: never[]) => Promise<unknown> ? Name : never
}[keyof RealtimeServer]

/** What an application does on one server. */
export async function operatorOf(url: string) {
  const client = await visitor(url, 'operator')
  const operate = <Answer>(verb: Verb, ...args: unknown[]): Promise<Answer> =>
    client.call('operate', [verb, ...args]) as Promise<Answer>
  const target = (user: string) => ({ user })
  return {
    count: (timeoutMs: number) => operate<Totals>('count', { timeoutMs }),
    sessions: (user: string, timeoutMs = 1_000) => operate<LiveSessions>('sessions', target(user), { timeoutMs }),
    disconnect: (user: string, timeoutMs = 1_000) => operate<Reached>('disconnect', target(user), { timeoutMs }),
    subscribe: (user: string, channel: string) => operate<Reached>('subscribe', target(user), channel),
    unsubscribe: (user: string, channel: string) => operate<Reached>('unsubscribe', target(user), channel),
    call: (user: string, method: string, input: unknown) => operate<unknown>('call', target(user), method, input),
    push: (user: string, data: unknown) => operate<unknown>('publishToUser', user, data),
    publish: (channel: string, data: unknown) => operate<unknown>('publish', channel, data),
  }
}
