import { DEFAULT_LIMITS, utf8Bytes } from '@org/realtime-protocol'
import type { StoredMember, StoredPublication } from '../ports/index.js'

/** What a log takes that holds nothing: its own fields, its maps, its name. */
export const LOG_BYTES = 2_048
/** What surrounds a message in memory: the object, its place, who published it. */
const MESSAGE_BYTES = 256
/** What surrounds an entry of a map, its two objects included. */
const ENTRY_BYTES = 192
/** What a producer takes beside its name, and for each position that is kept. */
const PRODUCER_BYTES = 256
const POSITION_BYTES = 160
/** What the presence of a channel takes without anybody in it: its own fields, its maps, its name. */
export const PRESENCE_BYTES = 1_024
/** What surrounds a member in memory: its objects, its numbers, its place. */
const MEMBER_BYTES = 256
/** What surrounds the data of any publish: id, key, `meta`, names. */
const MOST_BYTES = 16_384

type Message = Pick<StoredPublication, 'id' | 'payload' | 'meta'>
type Positions = { readonly positions: number }

/** Bytes that a text takes in memory: one for each character while all are ASCII, else two. */
function textWeight(text: string, bytes = utf8Bytes(text)): number {
  return bytes === text.length ? bytes : 2 * text.length
}

/** Bytes that a message takes in memory. `payloadBytes` is the length of its data in UTF-8. */
export function messageWeight({ id, payload, meta }: Message, payloadBytes?: number): number {
  const texts = textWeight(id) + textWeight(payload, payloadBytes)
  return MESSAGE_BYTES + texts + (meta ? 2 * textWeight(JSON.stringify(meta)) : 0)
}

/** More bytes than a publish adds, without a look at its texts. */
export function mostWeight({ payload }: Message): number {
  return MOST_BYTES + 2 * payload.length
}

/** Bytes that the record of a producer takes in memory, its name included. */
export function producerWeight(name: string, { positions }: Positions): number {
  return PRODUCER_BYTES + 2 * name.length + positions * POSITION_BYTES
}

/** Bytes that one more number adds to the record of a producer, which may be new. */
export function producerGrowth(name: string, record: Positions | undefined): number {
  if (!record) return producerWeight(name, { positions: 1 })
  return record.positions < DEFAULT_LIMITS.producerPositions ? POSITION_BYTES : 0
}

/** Bytes that a member takes in memory. */
export function memberWeight({ session, user, payload = '' }: StoredMember): number {
  return MEMBER_BYTES + textWeight(session) + textWeight(user ?? '') + textWeight(payload)
}

/** Bytes that the record of a session that has left takes in memory. */
export function leaveWeight(session: string): number {
  return ENTRY_BYTES + textWeight(session)
}

/** Bytes that the record of an idempotency key takes in memory. */
export function keyWeight(key: string): number {
  return ENTRY_BYTES + 2 * key.length
}
