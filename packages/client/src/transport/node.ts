import type { Link, Transport } from '../ports/transport.js'
import type { WebSocketConstructor } from '../ports/websocket.js'
import { webSocketTransport } from './websocket.js'

/** Links in Node: over `ws` when it is installed, else over the global WebSocket. Looked for at the first dial. */
export function nodeTransport(): Transport {
  let found: Promise<Transport> | undefined
  return {
    dial(url, subprotocol, events) {
      let link: Link | undefined
      let given: readonly [code: number, reason: string] | undefined
      found ??= findWebSocket().then(webSocketTransport)
      void found.then((transport) => {
        if (given) events.closed(...given)
        else link = transport.dial(url, subprotocol, events)
      })
      return {
        send: (text) => link?.send(text),
        close(code, reason) {
          given = [code, reason]
          link?.close(code, reason)
        },
        get bufferedBytes() {
          return link?.bufferedBytes ?? 0
        },
      }
    },
  }
}

async function findWebSocket(): Promise<WebSocketConstructor | undefined> {
  // The catch also tells bundlers that ws may be absent.
  const ws = await import('ws').catch(() => undefined)
  return ws?.WebSocket ?? globalThis.WebSocket
}
