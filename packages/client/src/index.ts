import type { Contract } from '@org/realtime-protocol'
import { RealtimeClient as Client } from './client.js'
import type { ClientOptions } from './options.js'
import { nodeTransport } from './transport/node.js'

export * from './door.js'

/**
 * A connection to a realtime server that takes care of itself: it connects when it is first needed, comes back when it
 * is lost, and loses no message in silence. Making one does nothing else.
 */
export class RealtimeClient<C extends Contract = Contract> extends Client<C> {
  /**
   * @param url Address of the server, `ws:` or `wss:`.
   * @param options All have defaults. In Node the WebSocket class is that of `ws`, when it is installed, else the
   * global one.
   * @throws TypeError when the address is none.
   */
  constructor(url: string, options: ClientOptions = {}) {
    super(url, options.transport || options.WebSocket ? options : { ...options, transport: nodeTransport() })
  }
}
