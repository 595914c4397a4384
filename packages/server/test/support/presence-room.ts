import type { PresenceAction, ServerFrame } from '@org/realtime-protocol'
import { RealtimeServer } from '../../src/index.js'
import type { FrameOf, MemoryLink } from './memory-link.js'
import { mortal } from './mortal.js'
import { world } from './world.js'

/** What presence frames say, in short: `+ada`, `-ada`, `[ada,eve]`, `#1001`, with the data of a member behind a colon. */
export function told(frames: readonly ServerFrame[]): string[] {
  return frames.flatMap((frame) => {
    if (frame.type === 'join') return [`+${who(frame)}`]
    if (frame.type === 'leave') return [`-${who(frame)}`]
    if (frame.type === 'presence') return [listed(frame)]
    return []
  })
}

/** A list of members, in short. */
export function listed({ count, members }: Pick<FrameOf<'presence'>, 'count' | 'members'>): string {
  return members ? `[${members.map(who).sort().join(',')}]` : `#${count}`
}

function who({ user, session, data }: { user: string | null; session: string; data?: unknown }): string {
  return (user ?? session) + (data === undefined ? '' : `:${JSON.stringify(data)}`)
}

let refs = 1_000

/** Asks something about presence, and gives the answer. */
export async function ask(
  link: MemoryLink,
  action: PresenceAction,
  data?: unknown,
  channel = 'c',
): Promise<FrameOf<'reply'>> {
  const frame = await answer(link, action, data, channel)
  if (frame.type !== 'reply') throw new Error(`${action}: ${JSON.stringify(frame)}`)
  return frame
}

/** Asks something about presence, and gives the answer, be it an error. */
export async function answer(
  link: MemoryLink,
  action: PresenceAction,
  data?: unknown,
  channel = 'c',
): Promise<ServerFrame> {
  const ref = ++refs
  await link.say({ type: 'presence', ref, channel, action, ...(data === undefined ? {} : { data }) })
  return link.answer(ref)
}

/** A world whose users are their tokens. */
export function room(options: Parameters<typeof world>[0] = {}) {
  const authenticate = ({ token }: { token: string | undefined }) => ({ user: token ? { id: token } : null })
  const w = world({ authenticate, ...options })
  return {
    ...w,
    /** A node that can be killed and suspended. */
    mortalNode() {
      const { clock, backend, ...life } = mortal(w.clock, w.backend)
      const { logger, random } = w
      const server = new RealtimeServer(undefined, {
        authenticate,
        logger,
        random,
        clock,
        backend,
        ...limitsOf(options),
      })
      server.channel('{name}', { subscribe: true, publish: true, presence: true })
      return { server, ...life }
    },
    /** A link of a user. */
    user: (token: string, to: RealtimeServer = w.server) => w.connected(to, { token }),
    /** A link that watches, and has heard who is there. */
    async watcher(to: RealtimeServer = w.server, token = 'watcher') {
      const link = await w.connected(to, { token })
      await ask(link, 'watch')
      link.take()
      return link
    },
    /** A user's next link, which resumes the session of an earlier one. */
    async again(earlier: MemoryLink, to: RealtimeServer = w.server) {
      const { session, user } = earlier.all('connected').at(-1) ?? fail()
      const link = w.link(to)
      await link.connect({ session, ...(user === null ? {} : { token: user }) })
      return link
    },
  }
}

function limitsOf({ limits }: Parameters<typeof world>[0] = {}) {
  return limits ? { limits } : {}
}

function fail(): never {
  throw new Error('the earlier link was not connected')
}
