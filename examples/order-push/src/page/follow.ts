import type { RealtimeClient, RealtimeError } from '@org/realtime-client'
import type { ChannelIn, MessageOutput } from '@org/realtime-protocol'
import type { app } from '../contract.js'

export type Client = RealtimeClient<typeof app>

/** What to do with what a channel is about. */
export interface Follower<State, Message> {
  /** Reads how things stand now. */
  readonly load: (signal: AbortSignal) => Promise<State>
  /** How things stood; `askedAt` is when that was asked for, as `performance.now()`. */
  readonly loaded: (state: State, askedAt: number) => void
  /** Something changed. It can be older than what was loaded: then it says nothing new. */
  readonly changed: (message: Message) => void
  /** It cannot be followed any more. */
  readonly failed: (error: RealtimeError) => void
}

const PAUSE_MS = 1_000

/**
 * Loads a state and follows its changes, with no hole between the two: first the position of the channel, then the state,
 * then what came after the position. What changes during the load is in the state, or in the channel, or in both. After a
 * gap the state is loaded again.
 *
 * @returns A function that ends it.
 */
export function follow<Name extends ChannelIn<typeof app>, State>(
  client: Client,
  name: Name,
  { load, loaded, changed, failed }: Follower<State, MessageOutput<typeof app, Name>>,
): () => void {
  const ending = new AbortController()
  const { signal } = ending

  const reload = async (): Promise<void> => {
    const askedAt = performance.now()
    const state = await insist(() => load(signal), signal)
    if (!signal.aborted) loaded(state, askedAt)
  }
  const begin = async (): Promise<void> => {
    const { position } = await insist(() => client.channel(name).history({ limit: 1, signal }), signal)
    await reload()
    if (signal.aborted) return
    const channel = client.channel(name, { since: position })
    channel.on('gap', () => void reload().catch(() => {}), { signal })
    channel.on('state', ({ error }) => error && failed(error), { signal })
    channel.on('message', ({ data }) => changed(data), { signal })
  }
  begin().catch((error: RealtimeError) => signal.aborted || failed(error))
  return () => ending.abort()
}

/** Tries until it works, or until an answer says that it never will. */
async function insist<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const { code } = error as { code?: string }
      if (signal.aborted || (code !== 'NO_ANSWER' && code !== 'TIMEOUT' && code !== 'UNAVAILABLE')) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}
