import { serverCodec, type Position } from '@org/realtime-protocol'
import type { EncodedFrame, PresenceChange } from '../ports/index.js'
import { measured } from './encoded-frame.js'

/** Who is present, as frames tell it. */
export interface Told {
  /** The latest change that is part of it. */
  readonly position: Position
  /** How many members there are. */
  readonly count: number
  /** The members as a JSON list; absent when they are only counted. */
  readonly members: string | undefined
}

/** `join` or `leave`: one change. What a member shows stays the text it is. */
export function changeFrame(channel: string, { position, kind, member }: PresenceChange): EncodedFrame {
  const head = serverCodec.encode({ type: kind, channel, ...position, user: member.user, session: member.session })
  if (kind === 'leave' || member.payload === undefined) return measured(head)
  return measured(`${head.slice(0, -1)},"data":${member.payload}}`)
}

/** `presence`: who is there, in place of all that was told before. */
export function snapshotFrame(channel: string, { position, count, members }: Told): EncodedFrame {
  return withMembers(serverCodec.encode({ type: 'presence', channel, position, count }), members)
}

/** The answer to `get` and `watch`. */
export function presenceReply(ref: number, { position, count, members }: Told): EncodedFrame {
  return withMembers(serverCodec.encode({ type: 'reply', ref, position, count }), members)
}

function withMembers(text: string, members: string | undefined): EncodedFrame {
  return measured(members === undefined ? text : `${text.slice(0, -1)},"members":${members}}`)
}
