import type { ProtocolError } from './codec.js'

/** Says what is wrong with a value, as `[path, expected]`, or nothing when it is right. Total; never throws. */
export type Check = (value: unknown) => readonly [path: string, expected: string] | undefined

/** Checks of the fields of one type of frame. A name that ends in `?` may be absent. */
export type Shape = ReadonlyMap<string, Check>

const fault = (expected: string): readonly [string, string] => ['', expected]

/** A check by a predicate. */
export function that(expected: string, test: (value: unknown) => boolean): Check {
  return (value) => (test(value) ? undefined : fault(expected))
}

/** Any value, as long as there is one. */
export const anything = that('a value', (value) => value !== undefined)

/** A text. */
export const text = that('a string', (value) => typeof value === 'string')

/** True or false. */
export const flag = that('true or false', (value) => typeof value === 'boolean')

/** A whole number from 0 that a double holds exactly. */
export const count = that('a whole number from 0', (value) => Number.isSafeInteger(value) && (value as number) >= 0)

/** A whole number from 1 that a double holds exactly. */
export const ordinal = that('a whole number from 1', (value) => Number.isSafeInteger(value) && (value as number) >= 1)

/** An object whose known fields are right. Unknown fields are ignored. PROTOCOL.md §2.3. */
export function object(fields: Readonly<Record<string, Check>>): Check {
  const known = shape(fields)
  return (value) => (isObject(value) ? firstFault(value, known) : fault('an object'))
}

/** A list of at most so many values that each are right. */
export function list(check: Check, most = Infinity): Check {
  return (value) => {
    if (!Array.isArray(value)) return fault('a list')
    if (value.length > most) return fault(`at most ${most} entries`)
    for (let i = 0; i < value.length; i++) {
      const wrong = check(value[i])
      if (wrong) return [join(String(i), wrong[0]), wrong[1]]
    }
    return undefined
  }
}

/** A value that passes at least one check. */
export function either(expected: string, ...checks: readonly Check[]): Check {
  return (value) => (checks.some((check) => !check(value)) ? undefined : fault(expected))
}

/** Fields by name; a `?` at the end of a name lets the field be absent. */
export function shape(fields: Readonly<Record<string, Check>>): Shape {
  return new Map(Object.entries(fields))
}

/** Checks a parsed message against the frames one side may send. */
export function validate<F>(value: unknown, shapes: ReadonlyMap<string, Shape>): F | ProtocolError {
  if (!isObject(value)) return malformed('', 'an object')
  const type = Object.hasOwn(value, 'type') ? value['type'] : undefined
  if (typeof type !== 'string') return malformed('type', 'a string')
  const known = shapes.get(type)
  const ref = count(value['ref']) ? {} : { ref: value['ref'] as number }
  if (!known)
    return { type: 'protocol-error', kind: 'unsupported', path: type.slice(0, 64), expected: 'a known type', ...ref }
  const wrong = firstFault(value, known)
  return wrong ? { ...malformed(wrong[0], wrong[1]), ...ref } : (value as F)
}

/** The error value for a message that breaks the protocol. */
export function malformed(path: string, expected: string): ProtocolError {
  return { type: 'protocol-error', kind: 'malformed', path, expected }
}

function firstFault(value: Record<string, unknown>, fields: Shape): ReturnType<Check> {
  for (const [name, check] of fields) {
    const optional = name.endsWith('?')
    const key = optional ? name.slice(0, -1) : name
    const field = Object.hasOwn(value, key) ? value[key] : undefined
    if (optional && field === undefined) continue
    const wrong = check(field)
    if (wrong) return [join(key, wrong[0]), wrong[1]]
  }
  return undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function join(outer: string, inner: string): string {
  return inner ? `${outer}.${inner}` : outer
}
