import { RealtimeClient } from '@org/realtime-client'
import { contract } from '@org/realtime-protocol'
import { RealtimeServer } from '@org/realtime-server'
import { flow } from './flow.cjs'

if (typeof contract !== 'function') throw new Error('the protocol does not export contract')
await flow({ RealtimeServer, RealtimeClient })
process.exit(0)
