import { describe, expect, test } from 'vitest'
import { redacting } from '../../src/core/redaction.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { world } from '../support/world.js'

function logged(fields: Record<string, unknown>): unknown {
  const to = new RecordingLogger()
  redacting(to).warn('said', fields)
  return to.lines[0]?.fields
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'

describe('a log line', () => {
  test.each([
    'token',
    'accessToken',
    'Authorization',
    'cookie',
    'set-cookie',
    'password',
    'client_secret',
    'apiKey',
    'api-key',
  ])('hides the field %s', (name) =>
    expect(logged({ [name]: 'abc', other: 1 })).toEqual({ [name]: '[redacted]', other: 1 }),
  )

  test.each([
    ['a bearer token', `sent Bearer ${JWT} to`, 'sent [redacted] to'],
    ['a JSON web token', `got ${JWT}!`, 'got [redacted]!'],
    ['several of them', `jwt="${JWT}",${JWT}`, 'jwt="[redacted]",[redacted]'],
    ['a query', 'GET /realtime?ticket=abc 101', 'GET /realtime?[redacted] 101'],
  ])('hides %s in a text', (_, text, shown) => expect(logged({ text })).toEqual({ text: shown }))

  test('hides secrets in errors, their causes and their fields, and keeps the rest', () => {
    const cause = new Error(`bad ${JWT}`)
    const error = Object.assign(new Error('refused', { cause }), {
      code: 'E1',
      headers: { authorization: 'x', host: 'h' },
    })
    const { error: shown } = logged({ error }) as { error: Record<string, unknown> }
    expect(shown).toMatchObject({
      name: 'Error',
      message: 'refused',
      code: 'E1',
      headers: { authorization: '[redacted]', host: 'h' },
      cause: { message: 'bad [redacted]' },
    })
    expect(JSON.stringify(shown)).not.toContain('eyJ')
    expect(shown['stack']).toContain('redaction.test')
  })

  test('ends where fields are nested too deep or in circles', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(JSON.stringify(logged(circle))).toContain('[…]')
  })
})

test('a token in the error of authenticate does not reach the log', async () => {
  const { logger, link } = world({
    authenticate: ({ token }) => {
      throw Object.assign(new Error(`jwt malformed: ${token}`), { token })
    },
  })
  await link().say({ type: 'connect', producer: 'p'.repeat(22), token: JWT })
  expect(logger.of('warn')).toContain('authenticate failed')
  expect(JSON.stringify(logger.lines)).not.toContain(JWT)
})
