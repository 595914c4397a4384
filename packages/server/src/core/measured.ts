import type { Broker, Clock, DiagnosticsChannel, PublishOutcome, PublishRequest } from '../ports/index.js'
import type { Instruments } from './instruments.js'
import type { Tally } from './tally.js'

/** A port whose failures are counted, by method. */
export function counted<T extends object>(port: T, failures: Tally): T {
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(method, target, args)
        if (result instanceof Promise) result.catch(() => failures.add(String(name)))
        return result
      }
    },
  })
}

/** A broker that is watched: how long publishes take, what readings found, and what failed. */
export function measured(
  broker: Broker,
  instruments: Instruments,
  clock: Clock,
  published: DiagnosticsChannel,
): Broker {
  const plain = counted(broker, instruments.failures)
  return {
    subscribe: (channel) => plain.subscribe(channel),
    unsubscribe: (channel) => plain.unsubscribe(channel),
    history: (channel, query) => plain.history(channel, query),
    relay: (channel, publication) => plain.relay(channel, publication),
    async publish(request) {
      const start = clock.now()
      const tell = (outcome: { readonly outcome?: PublishOutcome; readonly error?: unknown }) => {
        const ms = clock.now() - start
        instruments.publishTook(ms / 1_000)
        if (published.hasSubscribers) published.publish(publishEvent(request, ms, outcome))
      }
      try {
        const outcome = await broker.publish(request)
        tell({ outcome })
        return outcome
      } catch (error) {
        instruments.failures.add('publish')
        tell({ error })
        throw error
      }
    },
    async recover(channel, since, limit) {
      const recovery = await plain.recover(channel, since, limit)
      instruments.recoveries.add(recovery.gap?.reason ?? 'whole')
      instruments.recovered += recovery.publications.length
      return recovery
    },
  }
}

/** Who, where and how long. Not what: data stays out of traces, and so does what travels for tools but by name. */
function publishEvent({ channel, id, from, meta, payload }: PublishRequest, ms: number, result: object): object {
  return { channel, id, from, meta, characters: payload.length, ms, ...result }
}
