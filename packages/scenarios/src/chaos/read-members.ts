import type { Backend } from '@org/realtime-server'
import { deaf } from '../deaf.js'
import type { StoredPresence } from '../history/index.js'

/** Reads who is present in a channel, as the store has it. */
export async function readMembers(backend: Backend, channel: string): Promise<readonly StoredPresence[]> {
  const reader = backend.join(deaf)
  try {
    const { members = [] } = await reader.presence.list(channel, Infinity)
    return members.map(({ session, user, payload }) => {
      const data = payload === undefined ? {} : { data: String(JSON.parse(payload)) }
      return { session, user: String(user), ...data }
    })
  } finally {
    await reader.close()
  }
}
