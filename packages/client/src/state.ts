import type { Position } from '@org/realtime-protocol'
import type { ChannelStateEvent, GapEvent, Message } from './core/events.js'
import { systemClock } from './platform/clock.js'
import { systemRandom } from './platform/random.js'
import type { Clock } from './ports/clock.js'
import type { Random } from './ports/random.js'

export type { ChannelStateEvent, Clock, GapEvent, Message, Position, Random }

/** The channel to follow, as far as it is needed here: what `client.channel()` gives. */
export interface FollowedChannel<T> {
  /** The position of the last message that was delivered. */
  readonly position?: Position | undefined
  /** Resolves when the channel is subscribed. */
  ready(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Listens until the signal aborts. */
  on(event: 'message', listener: (message: Message<T>) => void, options?: { readonly signal?: AbortSignal }): () => void
  /** Listens until the signal aborts. */
  on(event: 'gap', listener: (gap: GapEvent) => void, options?: { readonly signal?: AbortSignal }): () => void
  /** Listens until the signal aborts. */
  on(
    event: 'state',
    listener: (state: ChannelStateEvent) => void,
    options?: { readonly signal?: AbortSignal },
  ): () => void
}

/** What goes with a load. */
export interface LoadContext {
  /** Aborts when the state is not wanted any more: a gap came meanwhile, or the following ended. */
  readonly signal: AbortSignal
  /**
   * Everything up to this position will not be delivered, so the state has to hold it already. It does, if the
   * application writes its state before it publishes, and reads from where it wrote. A replica that lags can be asked
   * to catch up first.
   */
  readonly position: Position | undefined
}

/** Something went wrong. The state is loaded again, unless there is no `retryInMs`. */
export interface FollowError {
  /** What `load`, `reset` or `apply` threw, or why the subscription ended. */
  readonly error: unknown
  /** Time until the next load; absent when this is the end. */
  readonly retryInMs?: number | undefined
}

/** How to follow a state. */
export interface FollowOptions<State, T> {
  /** Reads the application's own state. Called first, and again after a gap or an error, never twice at a time. */
  readonly load: (context: LoadContext) => State | Promise<State>
  /** Takes a state in place of the one there was. */
  readonly reset: (state: State) => void
  /**
   * Takes one message, in order, after the state it belongs to. What was published while the state was read comes here,
   * too, and may be part of the state already: applying a message twice must do no harm, or a version that the state
   * and the message carry must tell.
   */
  readonly apply: (message: Message<T>) => void
  /** Hears of what went wrong. */
  readonly error: (event: FollowError) => void
  /** Ends the following when it aborts. */
  readonly signal?: AbortSignal
  /** Time; for tests. Default: the clock of the machine. */
  readonly clock?: Clock
  /** Chance; for tests. Default: that of the machine. */
  readonly random?: Random
}

/** A state that is followed. */
export interface Following {
  /** `loading`: what is shown is old or missing. `live`: every message is applied as it comes. `ended`: by either side. */
  readonly status: 'loading' | 'live' | 'ended'
  /** Resolves when the first state was taken; rejects when the following ended before. */
  readonly ready: Promise<void>
  /** Ends the following, and the subscription, unless others listen. */
  close(): void
}

/** Messages kept while a state is read. More mean that reading takes too long, and it begins anew. */
const KEPT = 1_000
const BACKOFF = { minMs: 100, baseMs: 500, maxMs: 20_000 }

const UNSUBSCRIBED = () => new Error('the subscription ended')
const TOO_SLOW = () => new Error(`more than ${KEPT} messages came while the state was loaded: load() takes too long`)

/**
 * Follows a state that the application keeps, and changes of which it publishes: subscribes, reads the state, and joins
 * the two without a hole. What is published while the state is read is kept and applied after it. After a gap the state
 * is read anew, so whoever follows a state needs no other code for gaps.
 *
 * The channel is a `log`: of the other modes messages can be missing without a gap. It may be subscribed already, and
 * its history need not be readable.
 *
 * @returns A handle on the following.
 */
export function followState<State, T>(channel: FollowedChannel<T>, options: FollowOptions<State, T>): Following {
  const { load, reset, apply, clock = systemClock, random = systemRandom } = options
  const ending = new AbortController()
  let status: Following['status'] = 'loading'
  /** The load that runs. */
  let running: AbortController | undefined
  /** What came since it began. */
  let kept: Array<Message<T>> = []
  /** Loads in a row that came to nothing. */
  let failures = 0
  let timer: unknown
  let arrive = () => {}
  let fail: (error: unknown) => void = () => {}
  const ready = new Promise<void>((resolve, reject) => {
    arrive = resolve
    fail = reject
  })
  // Who does not wait for it hears of the end by `error`.
  ready.catch(() => undefined)

  const isOver = () => ending.signal.aborted

  /** Gives up the load that runs or waits: what it would still tell is late news. */
  const stop = () => {
    running?.abort()
    running = undefined
    kept = []
    clock.clearTimer(timer)
  }

  const end = (error: unknown) => {
    status = 'ended'
    stop()
    ending.abort()
    fail(error)
  }

  /** The subscription is over. */
  const over = (error: unknown) => {
    if (isOver()) return
    end(error)
    options.error({ error })
  }

  const begin = async () => {
    stop()
    const mine = new AbortController()
    running = mine
    // In a turn of its own: by then the channel stands where the gap is told that calls for this.
    await Promise.resolve()
    let state: State
    try {
      if (running !== mine) return
      state = await load({ signal: mine.signal, position: channel.position })
    } catch (error) {
      if (running === mine) again(error)
      return
    }
    if (running !== mine) return
    running = undefined
    const held = kept
    attempt(() => {
      reset(state)
      for (const message of held) if (!isOver()) apply(message)
    })
    if (status !== 'live') return
    failures = 0
    arrive()
  }

  /** Does what the application may fail in. What it has then is not to be trusted, and is loaded anew. */
  const attempt = (does: () => void) => {
    try {
      does()
      if (!isOver()) status = 'live'
    } catch (error) {
      if (!isOver()) again(error)
    }
  }

  const again = (error: unknown) => options.error({ error, retryInMs: pause() })

  /** Loads anew after a back-off. */
  const pause = (): number => {
    status = 'loading'
    stop()
    const { minMs, baseMs, maxMs } = BACKOFF
    const retryInMs = minMs + random.fraction() * Math.min(maxMs, baseMs * 2 ** failures++)
    timer = clock.setTimer(() => void begin(), retryInMs)
    return retryInMs
  }

  const aborted = () => end(options.signal?.reason)
  if (options.signal?.aborted) aborted()
  options.signal?.addEventListener('abort', aborted, ending)
  // First, for a client that is closed says so at once.
  channel.on('state', ({ status: now, error }) => now === 'unsubscribed' && over(error ?? UNSUBSCRIBED()), ending)
  channel.on(
    'gap',
    () => {
      // Before a load begins, nothing was read that could be old by now.
      if (running) pause()
      if (status !== 'live') return
      status = 'loading'
      void begin()
    },
    ending,
  )
  channel.on(
    'message',
    (message) => {
      if (status === 'live') attempt(() => apply(message))
      else if (running && kept.push(message) > KEPT) again(TOO_SLOW())
    },
    ending,
  )
  channel.ready(ending).then(begin, over)

  return {
    get status() {
      return status
    },
    ready,
    close: () => end(new Error('the following was closed')),
  }
}
