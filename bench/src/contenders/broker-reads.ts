import type { Backend, Broker } from '@org/realtime-server'

/** A backend that counts how often its logs are read. */
export function countReads(backend: Backend): Backend & { readonly reads: { recover: number; history: number } } {
  const reads = { recover: 0, history: 0 }
  return {
    reads,
    join(handler) {
      const node = backend.join(handler)
      const { broker } = node
      const counted: Broker = {
        subscribe: (channel) => broker.subscribe(channel),
        unsubscribe: (channel) => broker.unsubscribe(channel),
        publish: (request) => broker.publish(request),
        relay: (channel, publication) => broker.relay(channel, publication),
        recover: (...query) => ((reads.recover += 1), broker.recover(...query)),
        history: (...query) => ((reads.history += 1), broker.history(...query)),
      }
      return {
        broker: counted,
        sessions: node.sessions,
        presence: node.presence,
        control: node.control,
        close: () => node.close(),
      }
    },
  }
}
