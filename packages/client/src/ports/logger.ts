/** Where the client writes what nobody listens for. Any subset of a usual logger; the client itself never prints. */
export interface Logger {
  /** Steps of the connection. */
  debug?(message: string, detail?: unknown): void
  /** Not used yet. */
  info?(message: string, detail?: unknown): void
  /** Something a page should have heard: a gap or a rollback without a listener, a malformed frame. */
  warn?(message: string, detail?: unknown): void
  /** A listener or callback of the application threw, and there is no `error` listener. */
  error?(message: string, detail?: unknown): void
}
