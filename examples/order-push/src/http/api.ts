import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Database } from '../database/database.js'
import type { MethodName } from '../contract.js'
import { inputFor, isFunction, run } from '../functions.js'
import { Refusal, REFUSALS } from '../orders/refusal.js'
import { whoHolds } from '../who.js'

const PREFIX = '/api/'
const MOST_BYTES = 16_384
/** What only reads can be asked by GET, too. */
const READS: readonly MethodName[] = ['list_shops', 'get_shop_info', 'list_orders', 'list_tickets']

/** Whether a request is for a function. */
export const isApi = (path: string): boolean => path.startsWith(PREFIX)

/**
 * Carries the functions over HTTP: `POST /api/<function>` with its input as JSON, or `GET` with its input as query for those
 * that only read. Who asks says so by `Authorization: Bearer <token>`.
 */
export async function serveApi(
  request: IncomingMessage,
  response: ServerResponse,
  { db, report }: { readonly db: Database; readonly report: (what: string, error: unknown) => void },
): Promise<void> {
  const answer = (status: number, body: object): void => {
    const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }
    response.writeHead(status, headers).end(JSON.stringify(body))
  }
  const fail = (status: number, code: string, message: string, current?: object): void =>
    answer(status, { error: { code, message, ...(current && { current }) } })

  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const name = pathname.slice(PREFIX.length)
  if (!isFunction(name)) return fail(404, 'NOT_FOUND', 'There is no such function.')
  const reading = request.method === 'GET' && READS.includes(name)
  if (!reading && request.method !== 'POST') {
    response.setHeader('allow', READS.includes(name) ? 'GET, POST' : 'POST')
    return fail(405, 'METHOD', `Ask ${name} by POST.`)
  }
  try {
    const given = reading ? Object.fromEntries(searchParams) : await bodyOf(request)
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    answer(200, await run(name, { db, who: await whoHolds(db, token) }, inputFor(name, given)))
  } catch (error) {
    if (error instanceof Refusal) return fail(REFUSALS[error.code], error.code, error.message, error.current)
    report(`${name} failed`, error)
    // Whether it was done is not known. Every function can be asked again.
    fail(503, 'UNAVAILABLE', 'The server cannot do this right now. Try again in a moment.')
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  // Another site can make a browser send a form, but not this type.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Refusal('INVALID_INPUT', 'Send JSON, with the header content-type: application/json.')
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw new Refusal('INVALID_INPUT', `The input has more than ${MOST_BYTES} bytes.`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new Refusal('INVALID_INPUT', 'The input is no JSON.')
  }
}
