import type { Backend, Broker, SessionStore } from '@org/realtime-server'

/** How often something was asked of a backend. */
export interface BackendUse {
  /** Readings of where a log ends, one for each channel that is opened. */
  heads: number
  /** Readings of a log from some place on. */
  recover: number
  /** Readings of a log for whoever wants its past. */
  history: number
  /** Sessions that were begun or taken over. */
  claims: number
}

/** A backend that counts how often its logs are read, and sessions claimed. */
export function countUse(backend: Backend): Backend & { readonly use: BackendUse } {
  const use: BackendUse = { heads: 0, recover: 0, history: 0, claims: 0 }
  return {
    use,
    join(handler) {
      const node = backend.join(handler)
      const { broker, sessions } = node
      const counted: Broker = {
        subscribe: (channel) => broker.subscribe(channel),
        unsubscribe: (channel) => broker.unsubscribe(channel),
        publish: (request) => broker.publish(request),
        relay: (channel, publication) => broker.relay(channel, publication),
        recover: (channel, since, limit) => {
          use[since === undefined ? 'heads' : 'recover'] += 1
          return broker.recover(channel, since, limit)
        },
        history: (...query) => ((use.history += 1), broker.history(...query)),
      }
      const store: SessionStore = {
        claim: (request) => ((use.claims += 1), sessions.claim(request)),
        confirm: (...claim) => sessions.confirm(...claim),
        renew: (held) => sessions.renew(held),
        keep: (...kept) => sessions.keep(...kept),
        release: (...claim) => sessions.release(...claim),
        read: (id) => sessions.read(id),
      }
      return {
        broker: counted,
        sessions: store,
        presence: node.presence,
        control: node.control,
        ...(node.open && { open: () => node.open?.() }),
        close: () => node.close(),
      }
    },
  }
}
