import { describe, expect, test } from 'vitest'
import { addressKey, plainAddress } from '../../src/core/address.js'
import { Places } from '../../src/core/places.js'

describe('an address counts as', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['', ''],
    ['a name of a test', 'a name of a test'],
  ])('%s → %s', (address, key) => expect(addressKey(address)).toBe(key))

  test('an IPv4 peer of a dual-stack socket is an IPv4 address', () => {
    expect(plainAddress('::ffff:192.0.2.1')).toBe('192.0.2.1')
    expect(plainAddress('::ffff:0:1')).toBe('::ffff:0:1')
  })
})

const LIMITS = { connections: 4, connectionsPerAddress: 2, handshakes: 3 }

function settled(places: Places, address: string) {
  const place = places.take(address)
  place.settle()
  return place
}

test('refuses by the limit that is reached, and takes again when somebody has left', () => {
  const places = new Places(LIMITS)
  const one = settled(places, 'a')
  settled(places, 'a')
  expect(places.refusal('a')).toEqual({ limit: 'connectionsPerAddress', retryAfterMs: 5_000 })
  expect(places.refusal('b')).toBeUndefined()
  one.leave()
  expect(places.refusal('a')).toBeUndefined()
  for (const address of ['a', 'b', 'c']) settled(places, address)
  expect(places.refusal('d')?.limit).toBe('connections')
})

test('links that are not authenticated are counted apart, until they are or leave', () => {
  const places = new Places(LIMITS)
  const [one, two] = [places.take('a'), places.take('b')]
  places.take('c')
  expect(places.refusal('d')?.limit).toBe('handshakes')
  one.settle()
  expect(places.refusal('d')).toBeUndefined()
  places.take('d')
  expect(places.refusal('e')?.limit).toBe('connections')
  two.leave()
  expect(places.refusal('e')).toBeUndefined()
})

test('nobody is counted down twice', () => {
  const places = new Places({ connections: 2, connectionsPerAddress: 2, handshakes: 1 })
  const first = settled(places, 'a')
  first.settle()
  first.leave()
  first.leave()
  first.settle()
  settled(places, 'a')
  places.take('a')
  expect(places.refusal('b')?.limit).toBe('connections')
})

test('peers without an address are not taken for one', () => {
  const places = new Places(LIMITS)
  for (let i = 0; i < 3; i++) settled(places, '')
  expect(places.refusal('')).toBeUndefined()
})
