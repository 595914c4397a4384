import { channel } from 'node:diagnostics_channel'
import type { Diagnostics } from '../ports/index.js'

/** The diagnostics channels of the process, `realtime:connect` and so on. */
export const processDiagnostics: Diagnostics = (name) => channel(`realtime:${name}`)
