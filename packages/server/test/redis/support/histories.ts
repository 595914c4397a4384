import type { RedisServer } from '../../../../../scripts/lib/redis-servers.mjs'

/** Settings of servers whose history can be replaced. */
export const REPLACEABLE = { 'enable-debug-command': 'yes' }

/** How long a function may go by the name it has read last, and some more. */
const READ_MS = 150

/** Keeps what the servers hold now: what a replica would have. */
export async function keepHistory(servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers) await server.command('SAVE')
}

/** Has another history serve, as after the promotion of a replica: with all there is, or with what was kept. */
export async function replaceHistory(servers: readonly RedisServer[], { lossy }: { readonly lossy: boolean }) {
  for (const server of servers) {
    if (lossy) await server.command('DEBUG', 'RELOAD', 'NOSAVE')
    await server.command('DEBUG', 'CHANGE-REPL-ID')
  }
  await new Promise((resolve) => setTimeout(resolve, READ_MS))
}
