import type { Meta, Sender } from '@org/realtime-protocol'
import type { StoredPublication } from '../ports/index.js'

/** Version of the texts on topics. What begins with another one is none of ours. */
const VERSION = '1'
const HEAD = /^1 ([^ \n]{0,64}) (\d{1,16}) (\d{1,16})$/

/** A message as it travels: with the epoch of its position. */
export interface Heard {
  readonly epoch: string
  readonly publication: StoredPublication
}

type Message = Pick<StoredPublication, 'id' | 'payload' | 'from' | 'meta'>

/** What is stored of a message: header and data, with a line break between them. */
export function messageText({ id, from, meta, payload }: Message): string {
  return `${JSON.stringify({ id, from, meta })}\n${payload}`
}

/** Reads a stored message. @returns `undefined` for what is none. */
export function parseMessage(offset: number, at: number, text: string): StoredPublication | undefined {
  const end = text.indexOf('\n')
  const header = end < 0 ? undefined : parseHeader(text.slice(0, end))
  return header && { offset, at, ...header, payload: text.slice(end + 1) }
}

/** The text that relays a message which no log holds. */
export function relayText({ at, ...message }: StoredPublication): string {
  return `${VERSION}  0 ${at}\n${messageText(message)}`
}

/** Reads a text of a topic. @returns `undefined` for one that this version does not know: anybody can publish there. */
export function parseHeard(text: string): Heard | undefined {
  const end = text.indexOf('\n')
  const [, epoch, offset, at] = HEAD.exec(text.slice(0, Math.max(0, end))) ?? []
  if (epoch === undefined || (epoch === '') !== (Number(offset) === 0)) return undefined
  const publication = parseMessage(Number(offset), Number(at), text.slice(end + 1))
  return publication && { epoch, publication }
}

function parseHeader(text: string): Omit<Message, 'payload'> | undefined {
  try {
    const header = JSON.parse(text) as unknown
    if (!isRecord(header) || typeof header['id'] !== 'string') return undefined
    const { id, from, meta } = header
    if (from !== undefined && !isSender(from)) return undefined
    if (meta !== undefined && !isRecord(meta)) return undefined
    return { id, from, meta: meta as Meta | undefined }
  } catch {
    return undefined
  }
}

function isSender(value: unknown): value is Sender {
  if (!isRecord(value) || typeof value['session'] !== 'string') return false
  return value['user'] === null || typeof value['user'] === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
