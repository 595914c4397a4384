import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'

const HTML = 'text/html; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'

const FILES = [
  ['/', 'customer.html', HTML],
  ['/shop', 'shop.html', HTML],
  ['/customer.js', 'customer.js', SCRIPT],
  ['/shop.js', 'shop.js', SCRIPT],
  ['/style.css', 'style.css', 'text/css; charset=utf-8'],
] as const

/** Serves the pages that were built into a folder, and nothing else. */
export function pageFiles(folder: URL): (path: string, response: ServerResponse) => void {
  const files = new Map<string, { readonly type: string; readonly body: Buffer }>(
    FILES.map(([path, name, type]) => [path, { type, body: readFileSync(new URL(name, folder)) }]),
  )
  return (path, response) => {
    const found = files.get(path)
    if (!found) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n')
    response.writeHead(200, {
      'content-type': found.type,
      'cache-control': 'no-cache',
      'content-security-policy':
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    response.end(found.body)
  }
}
