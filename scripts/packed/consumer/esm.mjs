import { RealtimeClient } from '@org/realtime-client'
import { followState } from '@org/realtime-client/state'
import * as clientKit from '@org/realtime-client/testing'
import { contract } from '@org/realtime-protocol'
import { RealtimeServer } from '@org/realtime-server'
import * as serverKit from '@org/realtime-server/testing'
import { flow } from './flow.cjs'
import { tested } from './tested.cjs'

if (typeof contract !== 'function') throw new Error('the protocol does not export contract')
if (typeof followState !== 'function') throw new Error('the client does not export followState')
await flow({ RealtimeServer, RealtimeClient })
await tested({ RealtimeServer, RealtimeClient, clientKit, serverKit })
process.exit(0)
