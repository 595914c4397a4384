// The redis-server that tests start.
import { Program } from './program.mjs'

const redis = new Program({
  names: ['redis-server', 'valkey-server'],
  variable: 'REDIS_SERVER_PATH',
  debian: 'redis-server',
  brew: 'redis',
  advice:
    'The tests of the Redis backend need redis-server (or valkey-server) 7.0 or newer, and none was found on PATH.\n' +
    '  Debian, Ubuntu:  sudo apt-get install -y redis-server\n' +
    '  macOS:           brew install redis\n' +
    '  elsewhere:       install one and set REDIS_SERVER_PATH to its executable\n' +
    'The other levels run without it: pnpm test unit scenarios sockets browser',
})

/** The path of a redis-server: `REDIS_SERVER_PATH` alone when it is set, else the first known name on `PATH`. */
export const findRedis = (env) => redis.find(env)

/** What to do about a redis-server on a machine. */
export const planRedis = (machine) => redis.plan(machine)

/** Like `findRedis`, but installs one by apt or Homebrew if this user may. Throws a sentence that says what to do. */
export const requireRedis = () => redis.require()
