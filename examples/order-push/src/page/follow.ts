import type { RealtimeClient } from '@org/realtime-client'
import { followState, type FollowError } from '@org/realtime-client/state'
import type { ChannelIn, MessageOutput } from '@org/realtime-protocol'
import type { app } from '../contract.js'

export type Client = RealtimeClient<typeof app>

/** What to do with what a channel is about. */
export interface Follower<State, Message> {
  /** Reads how things stand now. */
  readonly load: (signal: AbortSignal) => Promise<State>
  /** How things stand, in place of all that was known. */
  readonly loaded: (state: State) => void
  /** Something changed. It can be part of what was loaded: then it says nothing new. */
  readonly changed: (message: Message) => void
  /** It cannot be followed any more. */
  readonly failed: (error: Error) => void
}

/**
 * Follows a state of the database and the channel that tells its changes, with no hole between the two, and loads again
 * after a gap. Until then what is on screen stays.
 *
 * @returns A function that ends it.
 */
export function follow<Name extends ChannelIn<typeof app>, State>(
  client: Client,
  name: Name,
  { load, loaded, changed, failed }: Follower<State, MessageOutput<typeof app, Name>>,
): () => void {
  const following = followState(client.channel(name), {
    load: ({ signal }) => load(signal),
    reset: loaded,
    apply: ({ data }) => changed(data),
    // While there is a next attempt, the banner says what is the matter.
    error: ({ error, retryInMs }: FollowError) => retryInMs === undefined && failed(error as Error),
  })
  return () => following.close()
}
