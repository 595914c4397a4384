// The client without `ws` beside it: importing and constructing never throw, whether or not this Node has a WebSocket.
import { RealtimeClient } from '@org/realtime-client'

const client = new RealtimeClient('ws://127.0.0.1:9/realtime')
client.channel('room:42')
process.exit(0)
