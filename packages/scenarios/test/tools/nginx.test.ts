import { expect, test } from 'vitest'
import { planNginx, type Machine } from '../../../../scripts/lib/nginx.mjs'

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

test('an nginx is the one NGINX_PATH names, and no other when that names nothing that runs', () => {
  const env = { PATH: '/usr/sbin', NGINX_PATH: '/opt/mine' }
  expect(planNginx(machine(['/opt/mine', '/usr/sbin/nginx'], { env }))).toEqual({ path: '/opt/mine' })
  expect(planNginx(machine(['/usr/sbin/nginx'], { env, isDebian: true, asRoot: [] }))).toEqual({
    advice: 'NGINX_PATH is "/opt/mine", which is no executable.',
  })
})

test('an nginx on PATH is taken, and nothing is installed', () => {
  expect(planNginx(machine(['/usr/sbin/nginx'], { isDebian: true, asRoot: [] }))).toEqual({
    path: '/usr/sbin/nginx',
  })
})

test('an nginx is found where Debian puts it, also when the PATH of a user does not lead there', () => {
  const env = { PATH: '/usr/bin' }
  expect(planNginx(machine(['/usr/sbin/nginx'], { env }))).toEqual({ path: '/usr/sbin/nginx' })
})

test('without an nginx, apt installs it on Debian and Homebrew on macOS', () => {
  const { commands } = planNginx(machine([], { isDebian: true, asRoot: ['sudo', '-n'] }))
  expect(commands?.map((command) => command.slice(0, 3))).toEqual([
    ['sudo', '-n', 'apt-get'],
    ['sudo', '-n', 'apt-get'],
  ])
  expect(commands?.at(-1)).toEqual(expect.arrayContaining(['install', '-y', 'nginx-light']))
  expect(planNginx(machine([], { platform: 'darwin', brew: '/opt/homebrew/bin/brew' }))).toEqual({
    commands: [['/opt/homebrew/bin/brew', 'install', 'nginx']],
  })
})

test.each([{ isDebian: true }, { platform: 'win32' }] as const)(
  'without an nginx and without rights, it is said what to do: %o',
  (fields) => {
    expect(planNginx(machine([], fields)).advice).toMatch(/apt-get install -y nginx-light[\s\S]*brew install nginx/)
  },
)
