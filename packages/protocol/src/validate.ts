import type { ExplainedError } from './codec.js'

/** Says `true` when a value is right, else what was expected. Total; never throws. */
export type Check = (value: unknown) => true | string

/**
 * Rules of the fields of an object. Those under `?` are rules of fields that may be absent; fields not named are
 * ignored. PROTOCOL.md §2.3.
 */
export interface Shape {
  readonly [field: string]: Rule
}

/**
 * What a value must be: what a check says; like an example, that is a text, true or false, or a whole number that a double
 * holds exactly, from the example on; an object of a shape, or a list of which each entry keeps one rule. `null`: anything.
 */
export type Rule = Check | string | boolean | number | null | Shape | readonly [Rule]

/** Any value, as long as there is one. */
export const anything = null

/** A text. */
export const text = ''

/** True or false. */
export const flag = false

/** A whole number from 0. */
export const count = 0

/** A whole number from 1. */
export const ordinal = 1

/** What was expected and where, the outermost name first; nothing when the value keeps the rule. Total; never throws. */
export function fault(value: unknown, rule: Rule, optional = false): [expected: string, ...path: string[]] | undefined {
  if (rule === anything) return value === undefined ? ['data'] : undefined
  if (typeof rule === 'function') {
    const verdict = rule(value)
    return verdict === true ? undefined : [verdict]
  }
  if (typeof rule !== 'object') return isLike(value, rule) ? undefined : [typeof rule]
  const each = Array.isArray(rule) ? (rule[0] as Rule) : undefined
  if (typeof value !== 'object' || !value || Array.isArray(value) === !each) return [each ? 'list' : 'object']
  for (const name of Object.keys(each ? value : rule)) {
    const inner = each ?? (rule as Shape)[name]!
    if (name === '?' && !each) {
      const wrong = fault(value, inner, true)
      if (wrong) return wrong
      continue
    }
    const field = own(value, name)
    const wrong = optional && field === undefined ? undefined : fault(field, inner)
    if (wrong) {
      wrong.splice(1, 0, name)
      return wrong
    }
  }
  return undefined
}

/** Whether a value keeps a rule: {@link fault} without the words, for where every byte counts. Total; never throws. */
export function fits(value: unknown, rule: Rule, optional = false): boolean {
  if (rule === anything) return true
  if (typeof rule === 'function') return rule(value) === true
  if (typeof rule !== 'object') return isLike(value, rule)
  if (typeof value !== 'object' || !value || Array.isArray(value) !== Array.isArray(rule)) return false
  if (Array.isArray(value)) return value.every((each) => fits(each, (rule as readonly [Rule])[0]))
  return Object.entries(rule).every(([name, inner]) => {
    if (name === '?') return fits(value, inner, true)
    // No rule has the name of something that every object has.
    const field = (value as Readonly<Record<string, unknown>>)[name]
    return field === undefined ? optional : fits(field, inner)
  })
}

/** Whether a value is like an example: of its type; of numbers whole ones from it on, which a double holds exactly. */
function isLike(value: unknown, example: string | boolean | number): boolean {
  return (
    typeof value === typeof example &&
    (typeof example !== 'number' || (Number.isSafeInteger(value) && (value as number) >= example))
  )
}

/** Checks a parsed message against the frames one side may send. */
export function validate<F>(value: unknown, shapes: Readonly<Record<string, Shape>>): F | ExplainedError {
  const wrong = fault(value, { type: text })
  if (wrong) return malformed(wrong)
  const { type, ref } = value as { readonly type: string; readonly ref?: number }
  const shape = own<Shape>(shapes, type)
  const broken = shape ? fault(value, shape) : (['known type', type.slice(0, 64)] as const)
  if (!broken) return value as F
  return { ...malformed(broken, shape ? 'malformed' : 'unsupported'), ...(!fault(ref, count) && { ref }) }
}

/** The error value for a message that breaks the protocol. */
export function malformed(
  [expected, ...path]: readonly [string, ...string[]],
  kind: ExplainedError['kind'] = 'malformed',
): ExplainedError {
  return { type: 'protocol-error', kind, path: path.join('.'), expected }
}

/** A field of the object itself, whatever its prototype has. */
export function own<T = unknown>(object: object, name: string): T | undefined {
  return Object.hasOwn(object, name) ? (object as Readonly<Record<string, T>>)[name] : undefined
}
