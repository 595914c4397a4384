import {
  judge,
  type JoinFrame,
  type LeaveFrame,
  type Position,
  type PresenceMember,
  type SnapshotFrame,
} from '@org/realtime-protocol'
import { RealtimeError } from './errors.js'
import { admit, enqueue, settle, type Draft, type Entry, type Outbox } from './outbox.js'
import * as turn from './turn.js'
import { upsert } from './upsert.js'

/** What a client has to do with the presence of one channel. Each link is told of it anew. */
export interface Presence {
  readonly channel: string
  /** What the client shows of itself there. */
  entered?: Draft | undefined
  /** Whether somebody listens for who comes and goes. */
  watched?: boolean
  /** The latest change that is known; absent until the members are. */
  last?: Position | undefined
  /** The members, the latest last; absent while they are only counted. */
  members?: readonly PresenceMember[] | undefined
  /** Number of the request by which the link watches: by it the server says that the watch is over. */
  ref?: number | undefined
  /** How often in a row the members were asked for again before one change joined on to them. */
  again?: number
}

/** What presence needs of its session. */
export interface Attendance extends Outbox {
  readonly presences: Map<string, Presence>
}

/** The application enters, leaves or looks. */
export function attend(state: Attendance, draft: Draft): void {
  const { action, channel = '' } = draft.fields
  const presence = presenceOf(state, channel)
  if (action === 'leave') {
    presence.entered = undefined
    // What did not get through yet must not come after it.
    for (const entry of state.requests.values()) {
      if (entry.line === draft.line) settle(state, entry, new RealtimeError('ABORTED'))
    }
  }
  // There is always room for the word that it left: one for each channel.
  if (action === 'leave') enqueue(state, draft)
  else admit(state, draft)
  if (action === 'enter' && state.requests.has(draft.id)) presence.entered = draft
}

/** Somebody begins to listen for who is present, or nobody does any more. */
export function heed(
  state: Attendance,
  { channel, watched }: { readonly channel: string; readonly watched: boolean },
): void {
  const presence = presenceOf(state, channel)
  if (!presence.watched === !watched) return
  presence.watched = watched
  presence.ref = presence.last = presence.members = undefined
  if (watched) watch(state, channel)
  else {
    const entry = state.requests.get(`watch ${channel}`)
    if (entry) settle(state, entry)
    turn.send({ type: 'presence', ref: turn.next(), channel, action: 'unwatch' })
  }
}

/** There is a new link: is present and watches as before. */
export function attendAgain(state: Attendance): void {
  for (const { channel, entered, watched } of state.presences.values()) {
    if (entered && !state.requests.has(entered.id)) enqueue(state, entered)
    if (watched) watch(state, channel)
  }
}

/** A request about presence was answered: with who is there, or with an error if there is no position. */
export function attended(state: Attendance, { id, ref, fields }: Entry, answer: Partial<Snapshot>): void {
  const presence = presenceOf(state, fields.channel ?? '')
  if (!answer.position) {
    // Unless it is sent again.
    if (presence.entered?.id === id && !state.requests.has(id)) presence.entered = undefined
  } else if (fields.action === 'watch' && presence.watched) {
    presence.ref = ref
    take(presence, answer as Snapshot)
  }
}

/** The server has ended a watch by itself. What is known of the members is out of date; asking again tells why. */
export function unwatched(state: Attendance, ref: number | undefined): void {
  for (const presence of state.presences.values()) {
    if (ref && presence.ref === ref) {
      presence.members = undefined
      watchAgain(state, presence)
    }
  }
}

/** Takes what a link tells of who comes and goes, by the delivery rule. PROTOCOL.md §3.9. */
export function hearOf(state: Attendance, frame: JoinFrame | LeaveFrame | SnapshotFrame): void {
  const presence = presenceOf(state, frame.channel)
  const { last, members } = presence
  // Until the members are known, it belongs to what was watched before.
  if (!last) return
  if (frame.type === 'presence') return take(presence, frame)
  const { type, channel: _, epoch, offset, ...member } = frame
  const verdict = members ? judge(last, frame) : 'hold'
  if (verdict === 'hold') watchAgain(state, presence)
  else if (members && verdict === 'deliver') {
    presence.again = 0
    const others = members.filter(({ session }) => session !== member.session)
    if (type === 'join') others.push(member)
    take(presence, { position: { epoch, offset }, count: others.length, members: others })
  }
}

/** Members by user: of a user with several sessions, the one that came or changed last. Anonymous ones stay apart. */
export function merged(members: readonly PresenceMember[]): Map<string, PresenceMember> {
  // No id of a session begins with a blank.
  return new Map(members.map((member) => [member.user === null ? member.session : ` ${member.user}`, member]))
}

/** Who is there, in place of all that was told before. */
export interface Snapshot {
  readonly position: Position
  readonly count?: number | undefined
  readonly members?: readonly PresenceMember[] | undefined
}

function presenceOf({ presences }: Attendance, channel: string): Presence {
  return upsert<string, Presence>(presences, channel, () => ({ channel }))
}

/** Asks for the members, and to be told what changes, if that is not asked for already. */
function watch(state: Attendance, channel: string): Entry {
  const id = `watch ${channel}`
  const fields = { channel, action: 'watch' } as const
  return state.requests.get(id) ?? enqueue(state, { type: 'presence', id, line: `\r${channel}`, fields, bytes: 0 })
}

/** Asks for the members anew: at once, and when that was of no use, after a back-off. */
function watchAgain(state: Attendance, presence: Presence): void {
  const { channel, again = 0 } = presence
  presence.ref = presence.last = undefined
  presence.again = again + 1
  const { queue } = watch(state, channel)
  if (again) turn.timer(queue, turn.delay(again - 1))
}

/** Takes who is there, in place of what was known, and tells what that changed. */
function take(presence: Presence, { position, count, members }: Snapshot): void {
  const { channel } = presence
  const before = presence.members && merged(presence.members)
  const users = members && merged(members)
  presence.last = position
  presence.members = members
  // What was true when the listening began has not just happened.
  if (before && users) {
    for (const [key, member] of before) if (!users.has(key)) turn.say('emit', 'leave', member, channel)
    for (const [key, member] of users) if (!before.has(key)) turn.say('emit', 'join', member, channel)
  }
  turn.say('emit', 'presence', { count, members: users && [...users.values()] }, channel)
}
