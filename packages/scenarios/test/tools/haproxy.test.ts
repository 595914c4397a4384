import { expect, test } from 'vitest'
import { planHaproxy, type Machine } from '../../../../scripts/lib/haproxy.mjs'

/** A machine that has some executables, and nothing else that would help. */
function machine(executables: readonly string[], fields: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    env: { PATH: '/usr/local/bin:/usr/sbin' },
    isExecutable: (path) => executables.includes(path),
    isDebian: false,
    asRoot: undefined,
    brew: undefined,
    ...fields,
  }
}

test('an haproxy is the one HAPROXY_PATH names, and no other when that names nothing that runs', () => {
  const env = { PATH: '/usr/sbin', HAPROXY_PATH: '/opt/mine' }
  expect(planHaproxy(machine(['/opt/mine', '/usr/sbin/haproxy'], { env }))).toEqual({ path: '/opt/mine' })
  expect(planHaproxy(machine(['/usr/sbin/haproxy'], { env, isDebian: true, asRoot: [] }))).toEqual({
    advice: 'HAPROXY_PATH is "/opt/mine", which is no executable.',
  })
})

test('an haproxy on PATH is taken, and nothing is installed', () => {
  expect(planHaproxy(machine(['/usr/sbin/haproxy'], { isDebian: true, asRoot: [] }))).toEqual({
    path: '/usr/sbin/haproxy',
  })
})

test('an haproxy is found where Debian puts it, also when the PATH of a user does not lead there', () => {
  const env = { PATH: '/usr/bin' }
  expect(planHaproxy(machine(['/usr/sbin/haproxy'], { env }))).toEqual({ path: '/usr/sbin/haproxy' })
})

test('without an haproxy, apt installs it on Debian and Homebrew on macOS', () => {
  const { commands } = planHaproxy(machine([], { isDebian: true, asRoot: ['sudo', '-n'] }))
  expect(commands?.map((command) => command.slice(0, 3))).toEqual([
    ['sudo', '-n', 'apt-get'],
    ['sudo', '-n', 'apt-get'],
  ])
  expect(commands?.at(-1)).toEqual(expect.arrayContaining(['install', '-y', 'haproxy']))
  expect(planHaproxy(machine([], { platform: 'darwin', brew: '/opt/homebrew/bin/brew' }))).toEqual({
    commands: [['/opt/homebrew/bin/brew', 'install', 'haproxy']],
  })
})

test.each([{ isDebian: true }, { platform: 'win32' }] as const)(
  'without an haproxy and without rights, it is said what to do: %o',
  (fields) => {
    expect(planHaproxy(machine([], fields)).advice).toMatch(/apt-get install -y haproxy[\s\S]*brew install haproxy/)
  },
)
