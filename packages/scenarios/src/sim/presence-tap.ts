import type { BackendNode, MemoryBackend, PresenceChange, StoredMember } from '@org/realtime-server'
import type { StoredPresence } from '../history/index.js'
import type { World } from './world.js'

/** What one node says to another, as far as it matters here. */
interface Word {
  readonly kind: string
  readonly id: number
  readonly question: { readonly about: string }
}

/** Writes down what the store says of presence, from beside the servers. */
export class PresenceTap {
  private readonly node: BackendNode

  constructor(
    backend: MemoryBackend,
    private readonly world: World,
  ) {
    this.node = backend.join({
      deliver: () => undefined,
      superseded: () => undefined,
      degraded: () => undefined,
      heard: (from, text) => this.answer(from, JSON.parse(text) as Word),
      verify: () => undefined,
      resync: () => {
        // While it is degraded nothing changes, and its end is told the same way.
        this.list('presence.base').catch(() => undefined)
      },
      presenceChanged: (channel, change) => this.changed(channel, change),
    })
    for (const channel of world.channels) void this.node.presence.watch(channel)
    void this.list('presence.base')
  }

  /** Writes down who is there. */
  async list(type: 'presence.base' | 'presence.audit'): Promise<void> {
    for (const channel of this.world.channels) {
      const { members = [] } = await this.node.presence.list(channel, Infinity)
      this.world.record({ type, channel, members: members.map(stored) })
    }
  }

  /** Lets go of a store that is gone, or of the world. */
  close(): void {
    void this.node.close()
  }

  /**
   * It serves nobody, and says so as a server would: an answer that says nothing would be one of a server that does not
   * understand, and who asks would be told each time that not all were reached.
   */
  private answer(from: string, { kind, id, question }: Word): void {
    if (kind !== 'ask') return
    const answer = question.about === 'sessions' ? [] : { sessions: 0 }
    void this.node.control.send(from, JSON.stringify({ kind: 'answer', id, answer }))
  }

  private changed(channel: string, { kind, position, member }: PresenceChange): void {
    this.world.record({ type: 'presence.change', channel, kind, position, ...stored(member) })
  }
}

function stored({ session, user, payload }: StoredMember): StoredPresence {
  const data = payload === undefined ? {} : { data: String(JSON.parse(payload)) }
  return { session, user: String(user), ...data }
}
