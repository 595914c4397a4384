import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { namesIn, textOf } from '../docs/pages.js'

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly resolution: { readonly integrity?: string } }>>
}

const published = namesIn('packages')
  .map((name) => JSON.parse(textOf(`packages/${name}/package.json`)) as Manifest)
  .filter((manifest) => !manifest.private)

describe('what is installed with a package', () => {
  test('is this, and nothing else', () => {
    const needed = Object.fromEntries(
      published.map(({ name, dependencies }) => [name, Object.keys(dependencies ?? {})]),
    )
    expect(needed).toEqual({
      '@org/realtime-client': ['@org/realtime-protocol', 'eventemitter3'],
      '@org/realtime-protocol': [],
      '@org/realtime-server': ['@org/realtime-protocol', '@types/ws', 'ws'],
    })
  })

  test('runs no script', () => {
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']
    for (const { scripts = {} } of published)
      expect(Object.keys(scripts).filter((name) => hooks.includes(name))).toEqual([])
  })

  test('has a `ws` that bounds fragments, pieces and pongs: 8.23.0 or newer, and fixes may come', () => {
    const ranges = published.flatMap(({ dependencies, peerDependencies }) => [
      ...Object.entries(dependencies ?? {}),
      ...Object.entries(peerDependencies ?? {}),
    ])
    const ws = ranges.flatMap(([name, range]) => (name === 'ws' ? [range] : []))
    expect(ws.length).toBe(2)
    for (const range of ws) {
      // A caret takes every later 8.x; a tilde or an exact version would keep out a fix that comes with a minor one.
      const [, major, minor] = /^\^(\d+)\.(\d+)\.\d+$/.exec(range) ?? []
      expect(Number(major)).toBe(8)
      expect(Number(minor)).toBeGreaterThanOrEqual(23)
    }
  })
})

describe('the lockfile', () => {
  const { packages } = parse(textOf('pnpm-lock.yaml')) as Lockfile
  const names = Object.keys(packages)

  test('holds one `ws`, no older than the packages ask for', () => {
    const versions = names.filter((name) => name.startsWith('ws@')).map((name) => name.slice(3))
    expect(versions).toHaveLength(1)
    const [major = 0, minor = 0] = versions[0]?.split('.').map(Number) ?? []
    expect(major * 1_000 + minor).toBeGreaterThanOrEqual(8_023)
  })

  test('names the digest of everything that is downloaded', () => {
    expect(names.length).toBeGreaterThan(100)
    expect(names.filter((name) => !packages[name]?.resolution.integrity?.startsWith('sha512-'))).toEqual([])
  })
})
