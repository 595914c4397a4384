import type { ProtocolError } from './codec.js'

/** Says `true` when a value is right, else what was expected. Total; never throws. */
export type Check = (value: unknown) => true | string

/** Rules of the fields of an object. A name that ends in `?` may be absent; fields not named are ignored. PROTOCOL.md §2.3. */
export interface Shape {
  readonly [field: string]: Rule
}

/** What a value must be: what a check says, an object of a shape, or a list of which each entry keeps one rule. */
export type Rule = Check | Shape | readonly [Rule]

/** Any value, as long as there is one. */
export const anything: Check = (value) => value !== undefined || 'data'

/** A text. */
export const text: Check = (value) => typeof value === 'string' || 'string'

/** True or false. */
export const flag: Check = (value) => typeof value === 'boolean' || 'boolean'

/** A whole number from 0 that a double holds exactly. */
export const count: Check = (value) => (Number.isSafeInteger(value) && (value as number) >= 0) || 'count'

/** A whole number from 1 that a double holds exactly. */
export const ordinal: Check = (value) => (count(value) === true && value !== 0) || 'ordinal'

/** What was expected and where, the outermost name first; nothing when the value keeps the rule. Total; never throws. */
export function fault(value: unknown, rule: Rule): [expected: string, ...path: string[]] | undefined {
  if (typeof rule === 'function') {
    const verdict = rule(value)
    return verdict === true ? undefined : [verdict]
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
  return { ...malformed(broken, shape ? 'malformed' : 'unsupported'), ...(count(ref) === true && { ref }) }
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
