import type { HistoryFrame, ReplyFrame, WireError } from '@org/realtime-protocol'
import { RealtimeError, wireError } from './errors.js'
import type { Turn } from './turn.js'

/** A read of the log that waits for its answer. Reading twice does no harm, so each new link gets it again. */
export interface Request {
  readonly id: string
  readonly frame: Omit<HistoryFrame, 'type' | 'ref'>
  ref: number
}

/** Reads that wait, by their id. */
export type Requests = Map<string, Request>

/** Sends a read on a link. */
export function ask(request: Request, link: number, turn: Turn): void {
  turn.act('send', link, { type: 'history', ref: (request.ref = turn.next()), ...request.frame })
}

/** Takes an answer, if it belongs to a read. */
export function answer(
  requests: Requests,
  input: ReplyFrame | (WireError & { type: 'error'; ref?: number }),
  turn: Turn,
): void {
  for (const { id, ref } of requests.values()) {
    if (ref !== input.ref) continue
    if (input.type === 'error') finish(requests, id, turn, wireError(input))
    else {
      const { publications = [], position, more = false } = input
      finish(requests, id, turn, undefined, { publications, position, more })
    }
  }
}

/** Ends a read. */
export function finish(requests: Requests, id: string, turn: Turn, error?: RealtimeError, page?: object): void {
  if (!requests.delete(id)) return
  turn.timer(`due ${id}`)
  turn.say('settle', id, error, page)
}
