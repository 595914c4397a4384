import type { ProtocolError } from './codec.js'

/** Says `true` when a value is right, else what was expected. Total; never throws. */
export type Check = (value: unknown) => true | string

/** Rules of the fields of an object. A name that ends in `?` may be absent; fields not named are ignored. PROTOCOL.md §2.3. */
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
export function fault(value: unknown, rule: Rule): [expected: string, ...path: string[]] | undefined {
  if (rule === anything) return value === undefined ? ['data'] : undefined
  if (typeof rule === 'function') {
    const verdict = rule(value)
    return verdict === true ? undefined : [verdict]
  }
  if (typeof rule !== 'object') {
    const whole = typeof rule !== 'number' || (Number.isSafeInteger(value) && (value as number) >= rule)
    return whole && typeof value === typeof rule ? undefined : [typeof rule]
  }
  const each = Array.isArray(rule) ? (rule[0] as Rule) : undefined
  if (typeof value !== 'object' || !value || Array.isArray(value) === !each) return [each ? 'list' : 'object']
  for (const key of Object.keys(each ? value : rule)) {
    const name = key.replace('?', '')
    const field = own(value, name)
    const wrong = (name === key || field !== undefined) && fault(field, each ?? (rule as Shape)[key]!)
    if (wrong) {
      wrong.splice(1, 0, name)
      return wrong
    }
  }
  return undefined
}

/** Checks a parsed message against the frames one side may send. */
export function validate<F>(value: unknown, shapes: Readonly<Record<string, Shape>>): F | ProtocolError {
  const wrong = fault(value, { type: text })
  if (wrong) return malformed(wrong)
  const { type, ref } = value as { readonly type: string; readonly ref?: number }
  const shape = own(shapes, type) as Shape | undefined
  const broken = shape ? fault(value, shape) : (['known type', type.slice(0, 64)] as const)
  if (!broken) return value as F
  return { ...malformed(broken, shape ? 'malformed' : 'unsupported'), ...(!fault(ref, count) && { ref }) }
}

/** The error value for a message that breaks the protocol. */
export function malformed(
  [expected, ...path]: readonly [string, ...string[]],
  kind: ProtocolError['kind'] = 'malformed',
): ProtocolError {
  return { type: 'protocol-error', kind, path: path.join('.'), expected }
}

/** A field of the object itself, whatever its prototype has. */
function own(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Readonly<Record<string, unknown>>)[name] : undefined
}
