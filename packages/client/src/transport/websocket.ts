import { NO_WEBSOCKET, type Transport } from '../ports/transport.js'
import type { WebSocketConstructor, WebSocketLike } from '../ports/websocket.js'

/** Links over a WebSocket class. Without one, every dial reports {@link NO_WEBSOCKET}. */
export function webSocketTransport(WebSocket: WebSocketConstructor | undefined): Transport {
  return {
    dial(url, subprotocol, events) {
      let socket: WebSocketLike | undefined
      try {
        // Without a class this throws as well.
        const opening = (socket = new (WebSocket as WebSocketConstructor)(url, subprotocol))
        const closed = (code: number, reason: string) => {
          opening.onmessage = opening.onclose = null
          events.closed(code, reason)
        }
        opening.onopen = () => {
          if (opening.protocol === subprotocol) return events.opened()
          // Browsers let a server ignore the offer. Whoever answers there does not speak our protocol.
          closed(1002, 'subprotocol')
          opening.close(1000, '')
        }
        opening.onmessage = ({ data }: { readonly data: unknown }) =>
          events.message(typeof data === 'string' ? data : '')
        opening.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) => closed(code, reason)
        // `onclose` follows. Without a listener, ws would throw the error.
        opening.onerror = () => {}
      } catch (error) {
        queueMicrotask(() => events.closed(WebSocket ? 1006 : NO_WEBSOCKET, String(error)))
      }
      return {
        send(text) {
          if (socket?.readyState === 1) socket.send(text)
        },
        close: (code, reason) => socket?.close(code, reason),
        get bufferedBytes() {
          return socket?.bufferedAmount ?? 0
        },
      }
    },
  }
}
