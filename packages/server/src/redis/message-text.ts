import type { Meta, Sender } from '@org/realtime-protocol'
import type { StoredPublication } from '../ports/index.js'

/** What texts on topics begin with: one message, or several of one channel. What begins otherwise is none of ours. */
const ONE = '1'
const SEVERAL = '2'
const HEAD = /^([12]) ([^ \n]{0,64}) (\d{1,16}) (\d{1,16})$/
/** Stands between messages. No JSON text holds it. */
const SEPARATOR = '\x1e'

/** Messages as they travel, in order and without a hole: with the epoch of their positions. */
export interface Heard {
  readonly epoch: string
  readonly publications: readonly StoredPublication[]
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
  return `${ONE}  0 ${at}\n${messageText(message)}`
}

/** Reads a text of a topic. @returns `undefined` for one that this version does not know: anybody can publish there. */
export function parseHeard(text: string): Heard | undefined {
  const end = text.indexOf('\n')
  const [, kind, epoch, offset, at] = HEAD.exec(text.slice(0, Math.max(0, end))) ?? []
  if (epoch === undefined || (epoch === '') !== (Number(offset) === 0)) return undefined
  // What no log holds travels alone.
  if (epoch === '' && kind !== ONE) return undefined
  const body = text.slice(end + 1)
  const texts = kind === SEVERAL ? body.split(SEPARATOR) : [body]
  const publications: StoredPublication[] = []
  for (const [i, message] of texts.entries()) {
    const publication = parseMessage(Number(offset) + i, Number(at), message)
    if (!publication) return undefined
    publications.push(publication)
  }
  return { epoch, publications }
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
