import type { Backend, Broker, BrokerHandler } from '../../src/index.js'

type Handler = Parameters<Backend['join']>[0]

/**
 * A backend with something between it and its nodes.
 *
 * @param inward Replaces what a node is told.
 * @param outward Replaces what a node asks.
 */
export function between(
  inner: Backend,
  inward: (handler: Handler) => Partial<BrokerHandler>,
  outward: (broker: Broker) => Partial<Broker> = () => ({}),
): Backend {
  return {
    join(handler) {
      const node = inner.join(over<Handler>(handler, inward(handler)))
      return over(node, { broker: over<Broker>(node.broker, outward(node.broker)) })
    },
  }
}

/** An object that is another one, but for some of its members. */
function over<T extends object>(object: T, members: Partial<T>): T {
  return Object.assign(Object.create(object) as T, members)
}
