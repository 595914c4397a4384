import { expect, test } from 'vitest'
import { Roll } from '../../src/core/roll.js'
import type { PresenceChange } from '../../src/index.js'

const BOUNDS = { members: 3, bytes: 1_000 }
const at = (offset: number) => ({ epoch: 'E', offset })

function roll(sessions: readonly string[], bounds = BOUNDS): Roll {
  const members = sessions.map((session) => ({ session, user: 'u', payload: `"${session}"` }))
  return new Roll({ position: at(sessions.length), count: sessions.length, members }, bounds)
}

function change(kind: PresenceChange['kind'], session: string, count: number, payload?: string): PresenceChange {
  return { kind, position: at(99), count, member: { session, user: null, ...(payload ? { payload } : {}) } }
}

test('it is the list it was made of, as JSON with every payload as it was', () => {
  const { position, count, members } = roll(['a', 'b'])
  expect([position, count]).toEqual([at(2), 2])
  expect(members).toBe('[{"user":"u","session":"a","data":"a"},{"user":"u","session":"b","data":"b"}]')
})

test('it follows joins, changes and leaves', () => {
  const r = roll(['a', 'b'])
  r.apply(change('join', 'c', 3, '{ }'))
  r.apply(change('join', 'a', 3))
  r.apply(change('leave', 'b', 2))
  expect(r.members).toBe('[{"user":null,"session":"c","data":{ }},{"user":null,"session":"a"}]')
  expect([r.position, r.count]).toEqual([at(99), 2])
})

test('above its number of members it forgets them, and only counts until it is made anew', () => {
  const r = roll(['a', 'b', 'c'])
  r.apply(change('join', 'd', 4))
  expect([r.isListed, r.isKnown, r.count, r.members]).toEqual([false, false, 4, undefined])
  r.apply(change('leave', 'd', 3))
  expect([r.isListed, r.isKnown, r.count]).toEqual([false, false, 3])
})

test('made of a list without members, it only counts', () => {
  const r = new Roll({ position: at(9), count: 9 }, BOUNDS)
  expect([r.isListed, r.isKnown, r.count, r.members]).toEqual([false, false, 9, undefined])
})

test('above its bytes it lists nobody, and lists again by itself when they are fewer', () => {
  const r = roll(['a'], { members: 3, bytes: 100 })
  r.apply(change('join', 'b', 2, `"${'ü'.repeat(30)}"`))
  expect([r.isListed, r.isKnown, r.members]).toEqual([false, true, undefined])
  r.apply(change('join', 'b', 2, '"small"'))
  expect(r.isListed).toBe(true)
  r.apply(change('join', 'b', 2, `"${'ü'.repeat(30)}"`))
  r.apply(change('leave', 'b', 1))
  expect(r.members).toBe('[{"user":"u","session":"a","data":"a"}]')
})
