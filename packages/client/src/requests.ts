import type { SendFrame } from '@org/realtime-protocol'
import { RealtimeError } from './core/errors.js'
import type { Draft } from './core/outbox.js'
import { sendChecked, type Engine } from './engine.js'
import { promised } from './promised.js'
import { put } from './shell.js'
import { size } from './size.js'

/** A request as handles make it. */
export type Request = Omit<Draft, 'bytes' | 'id'>

/** Puts a request in, with a copy of its fields, and waits for what becomes of it. Its id is known at once. */
export function ask<T>(
  engine: Engine,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<T> & { readonly id: string } {
  const id = engine.random.id()
  const asked = promised<T>(signal, (settle) => {
    // The copy keeps what is sent again as it was.
    const copy = checked(request.type, request.fields)
    if (!signal?.aborted) {
      engine.jobs.set(id, settle)
      put(engine, { ...request, ...copy, id })
    }
    return () => put(engine, { type: 'abort', id })
  })
  return Object.assign(asked, { id })
}

/** Publishes something that nobody waits for, if there is a link. */
export function send(engine: Engine, given: Draft['fields']): void {
  const { fields } = checked('publish', given)
  const { link, offline } = engine
  if (link?.open && !offline) {
    sendChecked(engine, link.id, { type: 'send', id: engine.random.id(), ...fields } as SendFrame)
  }
}

/** A copy of what goes into a frame, and its size. A frame that breaks the protocol would end the link. */
function checked(type: string, given: Draft['fields']): Pick<Draft, 'fields' | 'bytes'> {
  try {
    const text = JSON.stringify(given)
    const fields = JSON.parse(text) as Draft['fields']
    const { key, meta = {}, method } = fields
    const isWhole = type !== 'publish' || 'data' in fields
    const tools = JSON.stringify(meta)
    const isTexts = tools[0] === '{' && Object.values(meta).every((text) => typeof text === 'string')
    if (isWhole && isTexts && fits(key, 64) && fits(method, 255) && fits(tools, 1_024)) {
      return { fields, bytes: size(text) }
    }
  } catch {
    // It is no JSON.
  }
  throw new RealtimeError('INVALID_DATA')
}

/** Whether a name that may be absent can go into a frame. */
function fits(name: unknown = ' ', bytes: number): boolean {
  return name !== '' && typeof name === 'string' && size(name) <= bytes
}
