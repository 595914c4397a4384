import { describe, expect, test } from 'vitest'
import { ProxyTrust, type TrustedProxies } from '../../src/ws/trusted-proxies.js'
import { request } from '../support/request.js'

function addressOf(trusted: TrustedProxies | undefined, peer: string, forwarded?: string): string {
  return new ProxyTrust(trusted).addressOf(
    request(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, peer),
  )
}

test('without trusted proxies the headers are ignored', () => {
  expect(addressOf(undefined, '10.0.0.1', '203.0.113.7')).toBe('10.0.0.1')
  expect(addressOf([], '10.0.0.1', '203.0.113.7')).toBe('10.0.0.1')
  expect(addressOf(0, '10.0.0.1', '203.0.113.7')).toBe('10.0.0.1')
  const headers = { host: 'inner', 'x-forwarded-host': 'outer' }
  expect(new ProxyTrust().hostOf(request(headers))).toBe('inner')
})

describe('with a list, the client is the last one that no trusted proxy vouches for', () => {
  const list = ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']
  test.each([
    ['a proxy that adds one', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['two proxies', '10.0.0.1', '203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['what the client wrote itself', '10.0.0.1', '198.51.100.9, 203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['a peer that is no proxy', '203.0.113.7', '198.51.100.9', '203.0.113.7'],
    ['one address', '192.0.2.1', '203.0.113.7', '203.0.113.7'],
    ['its neighbour', '192.0.2.2', '203.0.113.7', '192.0.2.2'],
    ['a proxy of IPv6', '2001:db8:5::1', '2001:470::7', '2001:470::7'],
    ['an IPv4 proxy of a dual-stack socket', '::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['an IPv4 client as IPv6 writes it', '10.0.0.1', '::ffff:203.0.113.7', '203.0.113.7'],
    ['an address with a port', '10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['an address in brackets', '10.0.0.1', '[2001:470::7]', '2001:470::7'],
    ['an address in brackets, with a port', '10.0.0.1', '[2001:470::7]:4711', '2001:470::7'],
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['an empty one', '10.0.0.1', '', '10.0.0.1'],
    ['empty places in it', '10.0.0.1', ' , 203.0.113.7 ,, 10.9.9.9 , ', '203.0.113.7'],
    ['what is no address', '10.0.0.1', '203.0.113.7, unknown, 10.9.9.9', '10.9.9.9'],
    ['nobody but proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ])('%s', (_, peer, forwarded, address) => expect(addressOf(list, peer, forwarded)).toBe(address))
})

describe('with a number, so many proxies are believed, whoever they are', () => {
  test.each([
    [1, '198.51.100.1', '10.1.1.1, 203.0.113.7', '203.0.113.7'],
    [2, '198.51.100.1', '10.1.1.1, 203.0.113.7, 198.51.100.2', '203.0.113.7'],
    [2, '198.51.100.1', '203.0.113.7', '203.0.113.7'],
    [1, '198.51.100.1', undefined, '198.51.100.1'],
    [1, '', '203.0.113.7', '203.0.113.7'],
  ])('%s', (hops, peer, forwarded, address) => expect(addressOf(hops, peer, forwarded)).toBe(address))
})

test('a header as long as HTTP allows is read as well', () => {
  expect(addressOf(['10.0.0.0/8'], '10.0.0.1', '10.0.0.2,'.repeat(1_600))).toBe('10.0.0.2')
  expect(addressOf(['10.0.0.0/8'], '10.0.0.1', ','.repeat(16_000))).toBe('10.0.0.1')
  expect(addressOf(['10.0.0.0/8'], '10.0.0.1', '['.repeat(16_000))).toBe('10.0.0.1')
})

test('the host asked for is the one that the trusted proxy names', () => {
  const headers = { host: 'inner:8080', 'x-forwarded-host': 'evil.example, chat.example.com' }
  expect(new ProxyTrust(['10.0.0.0/8']).hostOf(request(headers, '10.0.0.1'))).toBe('chat.example.com')
  expect(new ProxyTrust(['10.0.0.0/8']).hostOf(request(headers, '10.0.0.1'))).not.toBe('inner:8080')
  expect(new ProxyTrust(['10.0.0.0/8']).hostOf(request(headers, '11.0.0.1'))).toBe('inner:8080')
  expect(new ProxyTrust(1).hostOf(request({ host: 'inner' }, '10.0.0.1'))).toBe('inner')
})

test.each(['10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '10.0.0.0/8/8', '::/129', 'loopback', '', '10.0.0'])(
  'the entry %j is refused when the server is made',
  (entry) => expect(() => new ProxyTrust([entry])).toThrow(/trustedProxies/),
)

test.each([-1, 1.5, NaN, Infinity])('%s hops are refused when the server is made', (hops) => {
  expect(() => new ProxyTrust(hops)).toThrow(/trustedProxies/)
})
