import type { Contract } from '@org/realtime-protocol'
import { seededRandom } from '@org/realtime-protocol/testing'
import type { ClientOptions } from '../options.js'
import { systemClock } from '../platform/clock.js'
import { gap } from './fake-gap.js'
import { FakeHub } from './fake-hub.js'
import { FakeLink } from './fake-link.js'
import type { ExpectOptions, FakeServer, FakeServerOptions } from './fake-server-types.js'
import type { PublishJudge } from './fake-types.js'
import { wireError } from './wire-error.js'

/** Makes a fake server. */
export function fakeServer<const C extends Contract = Contract>({
  clock,
  latencyMs = 0,
  user = 'me',
  authenticate = () => ({}),
}: FakeServerOptions = {}): FakeServer<C> {
  if (!(latencyMs >= 0)) throw new TypeError('latencyMs must be a number of milliseconds from 0')
  const hub = new FakeHub(clock ?? systemClock, latencyMs, authenticate, user)
  const options: ClientOptions = {
    transport: {
      dial(_url, _subprotocol, events) {
        const link = new FakeLink(hub, events)
        if (hub.isPlugged) link.open()
        else link.break()
        return link
      },
    },
    ...(clock ? { clock, random: seededRandom(1) } : { reconnect: AT_ONCE }),
  }
  const links = () => [...hub.links]
  const of = (channel: string | undefined) => (item: { readonly channel: string }) =>
    !channel || item.channel === channel
  const server: FakeServer = {
    options,
    get connections() {
      return hub.links.size
    },
    publish(channel, data, { from, id = hub.name('message'), meta } = {}) {
      const sender = typeof from === 'string' ? { user: from, session: `session of ${from}` } : from
      const { epoch, offset } = hub.publish(channel, {
        id,
        data: copied(data),
        ...(sender ? { from: sender } : {}),
        ...(meta ? { meta } : {}),
      })
      return { epoch, offset }
    },
    publishToUser: (user, data, options) => server.publish(`@${user}`, data, options),
    onPublish: (channel, judge) => said(hub.judges, channel, judge as PublishJudge<never>),
    published: (channel) => hub.publishes.all.filter(of(channel)),
    sent: (channel) => hub.sends.all.filter(of(channel)),
    expectPublish: (channel, options) =>
      hub.publishes.next(`a publish to ${channel ?? 'any channel'}`, of(channel), wait(options)),
    expectSend: (channel, options) =>
      hub.sends.next(`a send to ${channel ?? 'any channel'}`, of(channel), wait(options)),
    onCall: (method, handler) => said(hub.methods, method, handler),
    calls: (method) => hub.calls.all.filter((call) => !method || call.method === method),
    expectCall: (method, options) =>
      hub.calls.next(`a call of ${method ?? 'any method'}`, (call) => !method || call.method === method, wait(options)),
    async call(method, input) {
      const link = links()
        .filter(({ session }) => session)
        .at(-1)
      if (!link)
        throw Object.assign(new Error('no client is connected'), { name: 'RealtimeError', code: 'NOT_CONNECTED' })
      return link.call(method, copied(input))
    },
    channel: (channel, { mode }) => void said(hub.modes, channel, mode),
    subscribers: (channel) => hub.subscribers(channel).length,
    expectSubscribe: (channel, options) =>
      hub.subscribes.next(`a subscription to ${channel ?? 'any channel'}`, of(channel), wait(options)),
    refuse(channel, code = 'FORBIDDEN', message) {
      said(hub.refused, channel, wireError(code, message))
      for (const link of links()) link.reconsider()
    },
    allow: (channel) => void hub.refused.delete(channel),
    gap: (channel, reason, count = 1) => gap(hub, channel, reason, count),
    join: (channel, user, data) =>
      hub
        .presence(channel)
        .enter({ user, session: `session of ${user}`, ...(data === undefined ? {} : { data: copied(data) }) }),
    leave: (channel, user) => hub.presence(channel).leave(`session of ${user}`),
    present: (channel) => [...new Set(hub.presence(channel).list.map(({ user }) => user))],
    disconnect(code) {
      for (const link of links()) {
        if (code === undefined) link.break()
        else link.hangup(code)
      }
    },
    unplug() {
      hub.isPlugged = false
      for (const link of links()) link.break()
    },
    plug: () => void (hub.isPlugged = true),
    setDegraded(degraded) {
      hub.isDegraded = degraded
      for (const link of links()) if (link.session) link.say({ type: 'state', degraded })
    },
    expireToken(inMs = 30_000) {
      for (const link of links()) if (link.session) link.say({ type: 'expiring', expiresInMs: inMs })
    },
  }
  return server
}

/** For clients on the time of the machine. */
const AT_ONCE = { minMs: 1, baseMs: 1, maxMs: 1 }

function wait({ timeoutMs = 1_000 }: ExpectOptions = {}): number {
  return timeoutMs
}

/** Says something by name until the returned function is called. What is said later goes first. */
function said<T>(rules: Map<string, T>, name: string, rule: T): () => void {
  rules.delete(name)
  rules.set(name, rule)
  return () => {
    if (rules.get(name) === rule) rules.delete(name)
  }
}

/** As it would come over a wire: a test that changes its object later changes no message. */
function copied<T>(data: T): T {
  return data === undefined ? data : (JSON.parse(JSON.stringify(data)) as T)
}
