/** What no `meta` is: only an object of texts is one. */
export const BAD_METAS: readonly unknown[] = [
  { a: 5 },
  { a: 'b', c: null },
  { a: { b: 'c' } },
  { a: ['b'] },
  { a: true },
  ['a'],
  [],
  'a',
  '',
  5,
  null,
]

/** And some that are: whatever their names and texts are. */
export const GOOD_METAS: ReadonlyArray<Record<string, string>> = [
  {},
  { '': '' },
  { toString: '"\\', valueOf: '{"a":5}', ['__proto__']: '\u0000' },
]
