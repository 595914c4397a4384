import { describe, expect, test } from 'vitest'
import { planHaproxy } from '../../../../scripts/lib/haproxy.mjs'
import { planNginx } from '../../../../scripts/lib/nginx.mjs'
import { planRedis, type Machine } from '../../../../scripts/lib/redis.mjs'

/** A machine that has some executables, and nothing else that would help. */
function machine(executables: readonly string[], fields: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    env: { PATH: '/usr/local/bin:/usr/bin' },
    isExecutable: (path) => executables.includes(path),
    isDebian: false,
    asRoot: undefined,
    brew: undefined,
    ...fields,
  }
}

const PROGRAMS = [
  { name: 'redis-server', plan: planRedis, variable: 'REDIS_SERVER_PATH', debian: 'redis-server', brew: 'redis' },
  { name: 'haproxy', plan: planHaproxy, variable: 'HAPROXY_PATH', debian: 'haproxy', brew: 'haproxy' },
  { name: 'nginx', plan: planNginx, variable: 'NGINX_PATH', debian: 'nginx-light', brew: 'nginx' },
]

describe.each(PROGRAMS)('$name', ({ name, plan, variable, debian, brew }) => {
  test(`is the one ${variable} names, and no other when that names nothing that runs`, () => {
    const env = { PATH: '/usr/bin', [variable]: '/opt/mine' }
    expect(plan(machine(['/opt/mine', `/usr/bin/${name}`], { env }))).toEqual({ path: '/opt/mine' })
    expect(plan(machine([`/usr/bin/${name}`], { env, isDebian: true, asRoot: [] }))).toEqual({
      advice: `${variable} is "/opt/mine", which is no executable.`,
    })
  })

  test('is taken from PATH, and nothing is installed', () => {
    const path = `/usr/bin/${name}`
    expect(plan(machine([path], { isDebian: true, asRoot: [] }))).toEqual({ path })
  })

  test('is found where Debian puts servers, also when the PATH of a user does not lead there', () => {
    const path = `/usr/sbin/${name}`
    expect(plan(machine([path], { env: { PATH: '/usr/bin' } }))).toEqual({ path })
  })

  test('is installed on Debian by apt, as root or by sudo', () => {
    const { commands } = plan(machine([], { isDebian: true, asRoot: ['sudo', '-n'] }))
    expect(commands?.map((command) => command.slice(0, 3))).toEqual([
      ['sudo', '-n', 'apt-get'],
      ['sudo', '-n', 'apt-get'],
    ])
    expect(commands?.at(-1)).toEqual(expect.arrayContaining(['install', '-y', debian]))
  })

  test('is installed on macOS by Homebrew, and found where Homebrew puts it', () => {
    expect(plan(machine([], { platform: 'darwin', brew: '/opt/homebrew/bin/brew' }))).toEqual({
      commands: [['/opt/homebrew/bin/brew', 'install', brew]],
    })
    const path = `/opt/homebrew/bin/${name}`
    expect(plan(machine([path], { platform: 'darwin' }))).toEqual({ path })
  })

  test.each([{ isDebian: true }, { platform: 'win32' }] as const)(
    'is a sentence that says what to do elsewhere, and without rights: %o',
    (fields) => {
      const { advice } = plan(machine([], fields))
      for (const words of [`apt-get install -y ${debian}`, `brew install ${brew}`, variable]) {
        expect(advice).toContain(words)
      }
    },
  )
})

test('a valkey-server is a redis-server', () => {
  expect(planRedis(machine(['/usr/bin/valkey-server']))).toEqual({ path: '/usr/bin/valkey-server' })
})
