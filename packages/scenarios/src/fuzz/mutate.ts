import type { Chance } from '../sim/chance.js'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** Values that programs trip over. Texts stand for what JSON cannot write as a value, such as a number out of range. */
const ODD_VALUES: readonly string[] = [
  'null',
  'true',
  '0',
  '-0',
  '-1',
  '0.5',
  '1e999',
  '9007199254740991',
  '9007199254740992',
  '4294967296',
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"__proto__"',
  '"constructor"',
  '"log"',
  '"@"',
  '"@ada"',
  '[]',
  '[[]]',
  '{}',
  '{"__proto__":{"type":"goodbye"}}',
  '{"toJSON":1}',
  '{"length":1e9}',
  '{"epoch":"","offset":0}',
  '{"last":9007199254740991}',
  '"start"',
]

const ODD_NAMES = ['__proto__', 'constructor', 'type', 'ref', 'channel', 'toString', '', 'data', 'seq']
const ODD_TYPES = [
  'connect',
  'publish',
  'subscribe',
  'call',
  'reply',
  'error',
  'ping',
  'attach',
  'hasOwnProperty',
  'nothing',
]
const MAX_NESTING = 20_000
/** Longest text that is taken apart. */
const MAX_PARSED = 4_000

/**
 * Makes a text that resembles a valid one.
 *
 * @param corpus Texts that are valid, or nearly.
 * @param wildness How likely it is changed. What is never changed builds up state; what always is never gets that far.
 */
export function mutated(chance: Chance, corpus: readonly string[], wildness: number): string {
  const text = chance.pick(corpus)
  if (!chance.happens(wildness)) return text
  const kind = chance.fraction()
  if (kind < 0.7) {
    const value = parsed(text)
    if (value === undefined) return scrambled(chance, text)
    // More than one change, now and then: rules that join two fields are found by two changes.
    let written = changed(chance, value)
    while (chance.happens(0.3)) written = changed(chance, parsed(written) ?? null)
    return written
  }
  return kind < 0.95 ? scrambled(chance, text) : garbage(chance)
}

/** Changes one place of a value, and writes it. */
function changed(chance: Chance, value: Json): string {
  const target = chance.index(Math.max(1, count(value)))
  let at = 0
  const write = (node: Json): string => {
    const here = at++
    if (here === target && chance.happens(0.7)) return odd(chance)
    if (node === null || typeof node !== 'object') return JSON.stringify(node)
    if (Array.isArray(node)) {
      const items = node.map(write)
      if (here === target) items.push(...Array.from({ length: chance.index(3) * 100 }, () => items[0] ?? odd(chance)))
      return `[${items.join(',')}]`
    }
    const fields = Object.entries(node).map(([name, field]) => {
      const kept = name === 'type' && chance.happens(0.1) ? JSON.stringify(chance.pick(ODD_TYPES)) : write(field)
      return `${JSON.stringify(here === target && chance.happens(0.2) ? chance.pick(ODD_NAMES) : name)}:${kept}`
    })
    if (here === target) {
      if (chance.happens(0.5)) fields.splice(chance.index(fields.length), 1)
      else fields.push(`${JSON.stringify(chance.pick(ODD_NAMES))}:${odd(chance)}`)
    }
    return `{${fields.join(',')}}`
  }
  return write(value)
}

function odd(chance: Chance): string {
  const kind = chance.fraction()
  if (kind < 0.85) return chance.pick(ODD_VALUES)
  if (kind < 0.95) return JSON.stringify('x€😀'.repeat(chance.index(200)))
  const depth = chance.index(MAX_NESTING)
  return '['.repeat(depth) + ']'.repeat(depth)
}

/** Cuts, repeats or replaces characters. */
function scrambled(chance: Chance, text: string): string {
  const from = chance.index(text.length + 1)
  const to = Math.min(text.length, from + chance.index(12))
  switch (chance.index(5)) {
    case 0:
      return text.slice(0, from)
    case 1:
      return text.slice(0, from) + text.slice(to)
    case 2:
      return text.slice(0, to) + text.slice(from)
    case 3:
      return text.slice(0, from) + String.fromCharCode(chance.index(0x10000)) + text.slice(to)
    default:
      return text + chance.pick([text, '}', ',', '\u0000', ' ', '[]'])
  }
}

function garbage(chance: Chance): string {
  const size = chance.index(chance.happens(0.05) ? 70_000 : 60)
  const most = chance.pick([0x80, 0x100, 0x10000])
  return Array.from({ length: size }, () => String.fromCharCode(chance.index(most))).join('')
}

function count(value: Json): number {
  if (value === null || typeof value !== 'object') return 1
  return 1 + Object.values(value).reduce((sum: number, field) => sum + count(field), 0)
}

function parsed(text: string): Json | undefined {
  // Deep ones would overflow this program before they reach the other.
  if (text.length > MAX_PARSED) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
