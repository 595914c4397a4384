import type { LogFields, Logger } from '../ports/index.js'

const SECRET_NAME = /token|secret|password|passwd|authorization|cookie|credential|api[-_]?key/i
/**
 * What looks like a secret inside a text: an authorization header, a JSON web token, a query. A web token is looked for
 * only where a run of its characters begins: else `eyJ-eyJ-…` would be read from every `eyJ` to its end.
 */
const SECRET_TEXT = /\b(Bearer|Basic)\s+[\w+/=.~-]+|(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=\?)[^\s"']+/g
const HIDDEN = '[redacted]'
/** How deep fields are looked through. What lies deeper is not logged. */
const MAX_DEPTH = 4

/** A logger that passes everything on but secrets: by the name of a field, and by what a text looks like. */
export function redacting(logger: Logger): Logger {
  const level = (name: keyof Logger) => (message: string, fields?: LogFields) =>
    fields === undefined ? logger[name](message) : logger[name](message, cleanFields(fields, 0))
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.replace(SECRET_TEXT, HIDDEN)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '[…]'
  if (value instanceof Error) return cleanError(value, depth)
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1))
  return cleanFields(value as LogFields, depth + 1)
}

function cleanFields(fields: LogFields, depth: number): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, SECRET_NAME.test(name) ? HIDDEN : clean(value, depth)]),
  )
}

/** An error as fields: loggers differ in what they show of one, and some show all of it. */
function cleanError(error: Error, depth: number): LogFields {
  const { name, message, stack, cause } = error
  const own = cleanFields({ ...error }, depth + 1)
  return {
    ...own,
    name,
    message: clean(message, depth),
    stack: clean(stack, depth),
    ...(cause === undefined ? {} : { cause: clean(cause, depth + 1) }),
  }
}
