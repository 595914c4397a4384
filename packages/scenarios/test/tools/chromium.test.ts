import { describe, expect, test } from 'vitest'
import { planChromium, type Machine } from '../../../../scripts/lib/chromium.mjs'

/** A machine that has some executables, and nothing else that would help. */
function machine(executables: readonly string[], fields: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    env: { PATH: '/usr/local/bin:/usr/bin' },
    home: '/home/ada',
    isExecutable: (path) => executables.includes(path),
    isDebian: false,
    asRoot: undefined,
    brew: undefined,
    ...fields,
  }
}

const mac = { platform: 'darwin', home: '/Users/ada' } as const
const APP = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

describe('a Chromium that is there', () => {
  test('is the one CHROMIUM_PATH names, whatever else there is', () => {
    const env = { PATH: '/usr/bin', CHROMIUM_PATH: '/opt/mine' }
    expect(planChromium(machine(['/opt/mine', '/usr/bin/chromium'], { env }))).toEqual({ path: '/opt/mine' })
  })

  test('is not looked for, nor installed, when CHROMIUM_PATH names nothing that runs', () => {
    const env = { PATH: '/usr/bin', CHROMIUM_PATH: '/opt/gone' }
    const plan = planChromium(machine(['/usr/bin/chromium'], { env, isDebian: true, asRoot: [] }))
    expect(plan).toEqual({ advice: 'CHROMIUM_PATH is "/opt/gone", which is no executable.' })
  })

  test.each(['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'])('is found as %s', (name) => {
    expect(planChromium(machine([`/usr/bin/${name}`]))).toEqual({ path: `/usr/bin/${name}` })
  })

  test('is chromium rather than google-chrome, wherever on PATH they are', () => {
    const plan = planChromium(machine(['/usr/local/bin/google-chrome', '/usr/bin/chromium']))
    expect(plan).toEqual({ path: '/usr/bin/chromium' })
  })

  test.each([
    APP,
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Users/ada/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Users/ada/Applications/Chromium.app/Contents/MacOS/Chromium',
  ])('is found on macOS at %s, before Homebrew is asked', (path) => {
    expect(planChromium(machine([path], { ...mac, brew: '/opt/homebrew/bin/brew' }))).toEqual({ path })
  })

  test('is no app of macOS elsewhere', () => {
    expect(planChromium(machine([APP])).path).toBeUndefined()
  })
})

describe('a Chromium that is not there', () => {
  const apt = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', '-q']
  const install = (name: string) => [...apt, 'install', '-y', '--no-install-recommends', name]

  test('is installed by apt on Debian, under the name that Debian or that Ubuntu has for it', () => {
    expect(planChromium(machine([], { isDebian: true, asRoot: [] }))).toEqual({
      attempts: [[[...apt, 'update'], install('chromium')], [install('chromium-browser')]],
    })
  })

  test('is installed with sudo by who is not root, but may', () => {
    const { attempts } = planChromium(machine([], { isDebian: true, asRoot: ['sudo', '-n'] }))
    expect(attempts?.flat().map((command) => command.slice(0, 3))).toEqual(Array(3).fill(['sudo', '-n', 'apt-get']))
  })

  test('is installed by Homebrew on macOS', () => {
    const brew = '/opt/homebrew/bin/brew'
    expect(planChromium(machine([], { ...mac, brew }))).toEqual({
      attempts: [[[brew, 'install', '--cask', 'google-chrome']], [[brew, 'install', '--cask', 'chromium']]],
    })
  })

  test.each([
    ['on Debian by who may not install', { isDebian: true }],
    ['on another Linux, also as root', { asRoot: [] }],
    ['on Linux with Homebrew, which has no browsers there', { brew: '/home/linuxbrew/.linuxbrew/bin/brew' }],
    ['on macOS without Homebrew', mac],
    ['on macOS as root without Homebrew', { ...mac, asRoot: [], isDebian: true }],
    ['on Windows', { platform: 'win32' }],
  ] satisfies Array<[string, Partial<Machine>]>)('is a sentence that says what to do %s', (_, fields) => {
    const { advice, ...others } = planChromium(machine([], fields))
    expect(others).toEqual({})
    for (const words of ['apt-get install -y chromium', 'brew install --cask google-chrome', 'CHROMIUM_PATH']) {
      expect(advice).toContain(words)
    }
  })
})
