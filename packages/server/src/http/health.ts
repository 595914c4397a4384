import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a health check says. */
export interface Health {
  /**
   * `ok`; `degraded` while the log cannot be reached: links stay, and publishes are refused with `UNAVAILABLE`;
   * `draining` from the call of `close` on.
   */
  readonly status: 'ok' | 'degraded' | 'draining'
  /** Links that are open. */
  readonly connections: number
}

/** Where the two checks answer. */
export interface HealthOptions {
  /** Whether the process is alive. Answers 200 as long as it answers. Default: `/healthz`. */
  readonly livePath?: string
  /** Whether to send it new connections. 503 while it drains. Default: `/readyz`. */
  readonly readyPath?: string
}

/**
 * Answers the health checks of a balancer or an orchestrator, for a server of Node's `http` module.
 *
 * A node whose log cannot be reached stays ready: all nodes share the log, and a balancer that takes all of them out
 * makes a disturbance a failure.
 *
 * @returns A function that takes a request, and says whether it was one of these.
 */
export function healthChecks(
  server: { readonly health: Health },
  { livePath = '/healthz', readyPath = '/readyz' }: HealthOptions = {},
): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0]
    if (path !== livePath && path !== readyPath) return false
    const { health } = server
    const isReady = path === livePath || health.status !== 'draining'
    response.writeHead(isReady ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(health))
    return true
  }
}
