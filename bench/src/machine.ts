import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { redisFacts } from './redis.js'

/** What a run is made on. The load says what else the machine had to do when it began. */
export function machine(): Record<string, string> {
  return {
    processor: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    node: process.version,
    ...redisFacts(),
    'load when it began': (loadavg()[0] ?? 0).toFixed(1),
  }
}

/** Versions of what is measured. @param folder Where the packages are installed. */
export function versions(folder: string): Record<string, string> {
  const versionOf = (name: string): string => {
    const manifest = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')
    return (JSON.parse(manifest) as { version: string }).version
  }
  return Object.fromEntries(
    [
      'ws',
      'socket.io',
      'socket.io-client',
      '@socket.io/redis-adapter',
      '@socket.io/redis-streams-adapter',
      'ioredis',
      'centrifuge',
    ].map((name) => [name, versionOf(name)]),
  )
}
