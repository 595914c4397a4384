import { expect, test } from 'vitest'
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

test('a redis-server is the one REDIS_SERVER_PATH names, and no other when that names nothing that runs', () => {
  const env = { PATH: '/usr/bin', REDIS_SERVER_PATH: '/opt/mine' }
  expect(planRedis(machine(['/opt/mine', '/usr/bin/redis-server'], { env }))).toEqual({ path: '/opt/mine' })
  expect(planRedis(machine(['/usr/bin/redis-server'], { env, isDebian: true, asRoot: [] }))).toEqual({
    advice: 'REDIS_SERVER_PATH is "/opt/mine", which is no executable.',
  })
})

test.each(['redis-server', 'valkey-server'])('%s is found on PATH', (name) => {
  expect(planRedis(machine([`/usr/bin/${name}`]))).toEqual({ path: `/usr/bin/${name}` })
})

test('on Debian it is installed by apt, as root or by sudo', () => {
  const { commands } = planRedis(machine([], { isDebian: true, asRoot: ['sudo', '-n'] }))
  expect(commands?.map((command) => command.slice(0, 3))).toEqual([
    ['sudo', '-n', 'apt-get'],
    ['sudo', '-n', 'apt-get'],
  ])
  expect(commands?.at(-1)).toEqual(expect.arrayContaining(['install', '-y', 'redis-server']))
})

test('on macOS it is installed by Homebrew, and found where Homebrew puts it', () => {
  expect(planRedis(machine([], { platform: 'darwin', brew: '/opt/homebrew/bin/brew' }))).toEqual({
    commands: [['/opt/homebrew/bin/brew', 'install', 'redis']],
  })
  expect(planRedis(machine(['/opt/homebrew/bin/redis-server'], { platform: 'darwin' }))).toEqual({
    path: '/opt/homebrew/bin/redis-server',
  })
})

test.each([{ isDebian: true }, { platform: 'win32' }] as const)(
  'elsewhere, and without rights, it says what to do: %o',
  (fields) => {
    expect(planRedis(machine([], fields)).advice).toMatch(/apt-get install -y redis-server[\s\S]*brew install redis/)
  },
)
