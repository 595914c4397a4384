import { describe, expect, test } from 'vitest'
import { OriginCheck, type Origins } from '../../src/ws/origins.js'
import { request } from '../support/request.js'

const HANDSHAKE = { url: '/realtime', headers: {}, remoteAddress: '192.0.2.1' }

function refusal(origins: Origins | undefined, headers: Readonly<Record<string, string>>, host = 'chat.example.com') {
  return new OriginCheck(origins).refusal(request(headers), host, HANDSHAKE)
}

describe('a list of origins', () => {
  const list = [
    'https://app.example.com',
    'https://*.example.org',
    'http://*.dev.example.net:8080',
    'HTTPS://Upper.Example',
  ]

  test.each([
    'https://app.example.com',
    'https://app.example.com:443',
    'HTTPS://APP.EXAMPLE.COM',
    'https://a.example.org',
    'https://a.b.example.org',
    'http://x.dev.example.net:8080',
    'https://upper.example',
  ])('lets %s in', (origin) => expect(refusal(list, { origin })).toBeUndefined())

  test.each([
    'https://example.com',
    'https://evil-app.example.com',
    'https://app.example.com.evil.net',
    'https://app.example.com:8443',
    'http://app.example.com',
    'https://example.org',
    'https://evilexample.org',
    'https://.example.org',
    'http://a.example.org',
    'https://a.example.org:8443',
    'https://a.example.org.evil.net',
    'https://evil.net/.example.org',
    'https://evil.net?.example.org',
    'https://evil.net#.example.org',
    'https://evil.net\\.example.org',
    'https://user@a.example.org',
    'http://x.dev.example.net',
    'null',
    '',
    'no origin',
  ])('refuses %s, and names the option', (origin) => {
    expect(refusal(list, { origin })).toContain('option `origins`')
  })

  test('lets `null` in when it is listed, and nothing else for it', () => {
    expect(refusal(['null'], { origin: 'null' })).toBeUndefined()
    expect(refusal(['null'], { origin: 'https://null' })).toBeDefined()
  })

  test('that is empty refuses every page, of the same host as well', () => {
    expect(refusal([], { origin: 'https://chat.example.com' })).toBeDefined()
  })

  test('does not ask for an origin of those who send none, whatever cookies they have', () => {
    expect(refusal(list, { cookie: 'a=b' })).toBeUndefined()
  })

  test.each([
    'example.com',
    'https://example.com/',
    'https://example.com/path',
    'https://example.com?',
    'https://*',
    'https://*.*.example.com',
    'https://a*.example.com',
    'https://user@example.com',
    '*',
    '',
  ])('with %s in it is refused when the server is made', (entry) => {
    expect(() => new OriginCheck([entry])).toThrow(TypeError)
    expect(() => new OriginCheck([entry])).toThrow(/write https:\/\/example\.com/)
  })
})

describe('a function', () => {
  test('gets origin and handshake, and decides', () => {
    const seen: unknown[] = []
    const rule = (origin: string, handshake: unknown) => (seen.push(origin, handshake), origin === 'https://a.example')
    expect(refusal(rule, { origin: 'https://a.example' })).toBeUndefined()
    expect(refusal(rule, { origin: 'https://b.example' })).toContain('option `origins`')
    expect(seen).toEqual(['https://a.example', HANDSHAKE, 'https://b.example', HANDSHAKE])
  })

  test.each([1, 'yes', {}, Promise.resolve(true)])('that returns %s has not said yes', (answer) => {
    expect(refusal((() => answer) as unknown as Origins, { origin: 'https://a.example' })).toBeDefined()
  })

  test('is not asked about those who send no origin', () => {
    const rule = () => {
      throw new Error('asked')
    }
    expect(refusal(rule, {})).toBeUndefined()
  })
})

describe('without the option', () => {
  const cookie = 'session=1'

  test.each([
    ['a page without credentials', { origin: 'https://evil.example' }],
    ['a program with a cookie', { cookie }],
    ['a page of the same host', { origin: 'https://chat.example.com', cookie }],
    ['a page of the same host, by its usual port', { origin: 'https://chat.example.com:443', cookie }],
  ])('%s may connect', (_, headers) => expect(refusal(undefined, headers)).toBeUndefined())

  test.each([
    ['another host', 'https://evil.example'],
    ['a host that contains it', 'https://chat.example.com.evil.example'],
    ['a host above it', 'https://example.com'],
    ['another port', 'https://chat.example.com:8443'],
    ['no origin', 'null'],
    ['what is none', 'https://'],
  ])('a page of %s may not with a cookie, and is told which option to set', (_, origin) => {
    expect(refusal(undefined, { origin, cookie })).toContain('option `origins`')
    expect(refusal(undefined, { origin, authorization: 'Basic YTpi' })).toContain('option `origins`')
  })

  test('the usual port may be written in the Host header, and a host is needed', () => {
    expect(refusal(undefined, { origin: 'https://chat.example.com', cookie }, 'chat.example.com:443')).toBeUndefined()
    expect(refusal(undefined, { origin: 'http://localhost:3000', cookie }, 'localhost:3000')).toBeUndefined()
    expect(refusal(undefined, { origin: 'https://chat.example.com', cookie }, '')).toBeDefined()
    expect(refusal(undefined, { origin: 'https://chat.example.com', cookie }, 'a b')).toBeDefined()
  })
})
