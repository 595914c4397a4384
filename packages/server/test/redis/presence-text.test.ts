import { describe, expect, test } from 'vitest'
import { bodyOf, memberOf, readChange } from '../../src/redis/presence-text.js'

describe('a member as text', () => {
  test.each([
    { user: 'ada', session: 's', payload: '{"n":1}' },
    { user: null, session: 's' },
    { user: 'a\nb "c"', session: 'x\ny', payload: '{\n "wide": 1\n}' },
    { user: '', session: '__proto__', payload: '""' },
  ])('comes back as it was: %o', (member) => {
    expect(memberOf(member.session, bodyOf(member))).toEqual(member)
  })
})

describe('a change as text', () => {
  const text = '1 epoch 7 join 3\n"s\\n1"\n"ada"\n{"a":\n1}'

  test('is read', () => {
    expect(readChange(text)).toEqual({
      position: { epoch: 'epoch', offset: 7 },
      kind: 'join',
      member: { user: 'ada', session: 's\n1', payload: '{"a":\n1}' },
      count: 3,
    })
    expect(readChange('1 e 8 leave 2\n"s"\nnull')).toEqual({
      position: { epoch: 'e', offset: 8 },
      kind: 'leave',
      member: { user: null, session: 's' },
      count: 2,
    })
  })

  test.each(['2 epoch 7 join 3\n"s"\n"ada"', '1 epoch 7 moved 3\n"s"\n"ada"', ''])(
    'of another version is ignored: %j',
    (other) => {
      expect(readChange(other)).toBeUndefined()
    },
  )

  test.each([
    '1 epoch 7 join 3\nada\n"ada"',
    '1 epoch 7 join 3\n"s"\nada',
    '1 epoch 7 join 3\n"s"',
    '1 epoch 7 join 3',
    '1 epoch x join 3\n"s"\n"ada"',
    '1 epoch 7 join\n"s"\n"ada"',
    '1',
  ])('that is none of ours is ignored, and does not end the process: %j', (other) => {
    expect(readChange(other)).toBeUndefined()
  })
})
