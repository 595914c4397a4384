import type { BackendNode, MemoryBackend, PresenceChange, StoredMember } from '@org/realtime-server'
import type { StoredPresence } from '../history/index.js'
import type { World } from './world.js'

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
      // It serves nobody, and does not keep those waiting who ask.
      heard: (from, text) => {
        const { kind, id } = JSON.parse(text) as { readonly kind: string; readonly id: number }
        if (kind === 'ask') void this.node.control.send(from, JSON.stringify({ kind: 'answer', id }))
      },
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

  private changed(channel: string, { kind, position, member }: PresenceChange): void {
    this.world.record({ type: 'presence.change', channel, kind, position, ...stored(member) })
  }
}

function stored({ session, user, payload }: StoredMember): StoredPresence {
  const data = payload === undefined ? {} : { data: String(JSON.parse(payload)) }
  return { session, user: String(user), ...data }
}
