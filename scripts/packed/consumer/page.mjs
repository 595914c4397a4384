// What a bundler starts from.
import { RealtimeClient } from '@org/realtime-client'

globalThis.Realtime = { RealtimeClient }
