import { ITERATOR_MESSAGES } from './core/bounds.js'
import { GapError, RealtimeError } from './core/errors.js'
import type { GapEvent, Message } from './core/events.js'
import type { Channel } from './channel.js'
import type { MessagesOptions } from './options.js'

/** A gap, in its place among the messages. */
export interface GapItem {
  /** What is missing, and why. */
  readonly gap: GapEvent
}

/** A message among which gaps may stand: `item.gap` tells them apart. */
export interface MessageItem<T = unknown> extends Message<T> {
  /** Not a gap. */
  readonly gap?: undefined
}

/** Messages to loop over. Leaving the loop ends the subscription. */
export interface MessageIterator<T> extends AsyncIterableIterator<T, undefined>, AsyncDisposable {
  /** Ends the iteration, also one that waits for a message, and lets go of what was not read. */
  return(): Promise<IteratorResult<T, undefined>>
}

/** By this `await using` ends something; where the runtime does not know it, by nothing. */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol()

type Item<T> = MessageItem<T> | GapItem

/** Loops over what a channel delivers. */
export function iterate<T>(channel: Channel<never, T>, { signal, gaps }: MessagesOptions): MessageIterator<Item<T>> {
  const items: Array<Item<T>> = []
  const ending = new AbortController()
  let end: RealtimeError | true | undefined
  let wake = () => {}
  const finish = (why: RealtimeError | true) => {
    end ??= why
    ending.abort()
    wake()
  }
  const push = (item: Item<T>) => {
    if (items.length < ITERATOR_MESSAGES) items.push(item)
    else finish(new RealtimeError('ITERATOR_OVERFLOW'))
    wake()
  }
  const leave = () => {
    items.length = 0
    finish(true)
  }
  async function* read(): AsyncGenerator<Item<T>, undefined> {
    for (;;) {
      const item = items.shift()
      if (item) yield item
      else if (end === true) return
      else if (end) throw end
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  if (signal?.aborted) leave()
  // The controller has the `signal` that listening may have: what ends the iteration ends all of it.
  signal?.addEventListener('abort', leave, ending)
  channel.on('gap', (gap) => (gaps ? push({ gap }) : finish(new GapError(gap))), ending)
  channel.on('state', ({ status, error }) => status === 'unsubscribed' && finish(error ?? true), ending)
  channel.on('message', push, ending)
  const reader = read()
  const done = reader.return.bind(reader, undefined)
  const stop = () => {
    leave()
    return done()
  }
  return Object.assign(reader, { return: stop, [asyncDispose]: stop })
}
