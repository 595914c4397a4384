import { array, assert, constant, nat, oneof, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from '../../src/core/fifo.js'

const step = oneof(
  record({ do: constant('push' as const), count: nat(400) }),
  record({ do: constant('shift' as const), count: nat(400) }),
  record({ do: constant('replace' as const), count: nat(50) }),
  record({ do: constant('prepend' as const), count: nat(50) }),
  record({ do: constant('clear' as const), count: constant(0) }),
)

test('is what an array would be', () => {
  assert(
    property(array(step, { maxLength: 30 }), nat(500), nat(500), (steps, from, to) => {
      const fifo = new Fifo<number>()
      let list: number[] = []
      let n = 0
      for (const { do: what, count } of steps) {
        if (what === 'clear') {
          fifo.clear()
          list = []
        } else if (what === 'prepend') {
          const items = Array.from({ length: count }, () => ++n)
          fifo.prepend(items)
          list.unshift(...items)
        } else if (what === 'replace') {
          if (count >= list.length) expect(() => fifo.replace(count, -1)).toThrow(RangeError)
          else {
            fifo.replace(count, -1)
            list[count] = -1
          }
        } else {
          for (let i = 0; i < count; i++) {
            if (what === 'push') {
              fifo.push(++n)
              list.push(n)
            } else expect(fifo.shift()).toBe(list.shift())
          }
        }
        expect(fifo.length).toBe(list.length)
      }
      expect([...fifo]).toEqual(list)
      expect(fifo.slice(from, to)).toEqual(list.slice(from, to))
      expect(fifo.slice(from)).toEqual(list.slice(from))
      for (const place of [-1, 0, from, list.length]) expect(fifo.at(place)).toBe(list[place])
      expect([...new Fifo(fifo)]).toEqual(list)
    }),
  )
})

test('keeps no more places than twice what it holds, and some', () => {
  const fifo = new Fifo<number>()
  for (let i = 0; i < 10_000; i++) {
    fifo.push(i)
    if (fifo.length > 10) fifo.shift()
  }
  expect((fifo as unknown as { items: unknown[] }).items.length).toBeLessThan(600)
})
