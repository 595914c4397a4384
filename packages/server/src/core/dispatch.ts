import type { ClientFrame } from '@org/realtime-protocol'
import type { Connection } from './connection.js'
import { goodbye } from './handlers/goodbye.js'
import { history } from './handlers/history.js'
import { presence } from './handlers/presence.js'
import { publish } from './handlers/publish.js'
import { refresh } from './handlers/refresh.js'
import { send } from './handlers/send.js'
import { subscribe } from './handlers/subscribe.js'
import { unsubscribe } from './handlers/unsubscribe.js'
import type { Node } from './node.js'
import type { Session } from './session.js'

/** Hands a frame of an open link to its handler. A new type of frame does not compile until it has one. */
export function dispatch(node: Node, connection: Connection, session: Session, frame: ClientFrame): void {
  switch (frame.type) {
    case 'subscribe':
      return subscribe(node, connection, session, frame)
    case 'unsubscribe':
      return unsubscribe(node, connection, session, frame)
    case 'publish':
      return publish(node, connection, session, frame)
    case 'send':
      return send(node, connection, session, frame)
    case 'history':
      return history(node, connection, session, frame)
    case 'goodbye':
      return goodbye(node, connection, session)
    case 'presence':
      return presence(node, connection, session, frame)
    case 'call':
      return connection.calls.served.take(session, frame)
    case 'cancel':
      return connection.calls.served.cancel(frame.ref)
    case 'result':
    case 'error':
      return connection.calls.pending.answer(frame)
    case 'refresh':
      return refresh(node, connection, session, frame)
    case 'ping':
      return connection.say({ type: 'pong' })
    case 'pong':
      // Any byte is a sign of life; the transport has counted these.
      return connection.ponged()
    case 'connect':
      return connection.hangup('PROTOCOL_ERROR', 'connected already')
  }
}
