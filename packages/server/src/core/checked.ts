import type { Data, StandardSchema, WireError } from '@org/realtime-protocol'
import type { LogFields, Logger } from '../ports/index.js'
import { wireError } from './wire-errors.js'

/** Data as its schema gave it, or why it does not fit. */
export type Checked = { readonly value: Data } | { readonly error: WireError }

/** Has data checked, where there is a schema. Never rejects. */
export function checked(
  schema: StandardSchema | undefined,
  data: Data,
  logger: Logger,
  subject: LogFields,
): Checked | Promise<Checked> {
  return schema ? validated(schema, data, logger, subject) : { value: data }
}

async function validated(schema: StandardSchema, data: Data, logger: Logger, subject: LogFields): Promise<Checked> {
  try {
    const result = await schema['~standard'].validate(data)
    if (!result.issues) return { value: result.value }
    const issues = result.issues.slice(0, 3).map(({ message }) => message)
    return { error: wireError('INVALID_DATA', { message: issues.join('; ').slice(0, 200) }) }
  } catch (error) {
    logger.error('schema failed', { ...subject, error })
    return { error: wireError('INTERNAL') }
  }
}

/** JSON text of a value, or `undefined` when there is none: cycles, functions, nesting too deep. */
export function toJson(data: Data): string | undefined {
  try {
    return JSON.stringify(data)
  } catch {
    return undefined
  }
}
