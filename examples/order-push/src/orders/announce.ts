import type { ChannelIn, MessageInput } from '@org/realtime-protocol'
import type { app } from '../contract.js'
import type { Database } from '../database/database.js'

/**
 * Says that a message is to be pushed, in the transaction that decides it: either both happen or neither. The relay
 * pushes it after the commit.
 *
 * @param key Names the message within its channel, so that pushing it twice is pushing it once.
 */
export async function announce<Name extends ChannelIn<typeof app>>(
  change: Database,
  channel: Name,
  key: string,
  data: MessageInput<typeof app, Name> & object,
): Promise<void> {
  await change
    .insertInto('outbox')
    .values({ channel, key, data: JSON.stringify(data) })
    .execute()
}
