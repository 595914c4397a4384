import { GapError, RealtimeError } from './core/errors.js'
import type { GapEvent, Message } from './core/events.js'
import type { Channel } from './channel.js'
import { onAbort } from './emitter.js'
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

/** Messages an iterator keeps for its reader. */
const KEPT = 1_000

type Item<T> = MessageItem<T> | GapItem

/** Loops over what a channel delivers. */
export function iterate<T>(channel: Channel<never, T>, { signal, gaps }: MessagesOptions): MessageIterator<Item<T>> {
  const items: Array<Item<T>> = []
  const offs: Array<() => void> = []
  let end: RealtimeError | true | undefined
  let wake = () => {}
  const finish = (why: RealtimeError | true) => {
    end ??= why
    for (const off of offs) off()
    wake()
  }
  const push = (item: Item<T>) => {
    if (items.push(item) > KEPT) {
      items.pop()
      finish(new RealtimeError('ITERATOR_OVERFLOW'))
    }
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
  offs.push(
    channel.on('gap', (gap) => (gaps ? push({ gap }) : finish(new GapError(gap)))),
    channel.on('state', ({ status, error }) => {
      if (status === 'unsubscribed') finish(error ?? true)
    }),
  )
  if (signal?.aborted) leave()
  else offs.push(onAbort(signal, leave), channel.on('message', push))
  // The subscription may have been refused before we had its `off`.
  if (end) finish(end)
  const reader = read()
  const done = reader.return.bind(reader, undefined)
  const stop = () => {
    leave()
    return done()
  }
  return disposable(Object.assign(reader, { return: stop }), stop)
}

/** Lets `await using` end something, where the runtime knows it. */
export function disposable<T extends AsyncDisposable>(target: T, dispose: () => Promise<unknown>): T {
  if (Symbol.asyncDispose) Object.assign(target, { [Symbol.asyncDispose]: dispose })
  return target
}
