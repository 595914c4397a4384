import { ERROR_CODES } from '@org/realtime-protocol'
import { expect, test } from 'vitest'
import { RealtimeError, wireError } from '../src/core/errors.js'

const codes = Object.entries(ERROR_CODES)

test.each(codes.filter(([, { side }]) => side === 'client'))(
  '%s of the client itself is retryable as the table of error codes says',
  (code, { retryable }) => {
    expect(new RealtimeError(code).retryable).toBe(retryable)
  },
)

test.each(codes.filter(([, { side }]) => side === 'server'))(
  '%s of a server is retryable as its frame says, whatever the code',
  (code) => {
    for (const retryable of [true, false]) expect(wireError({ code, message: '', retryable }).retryable).toBe(retryable)
    expect(wireError({ code, message: '' }).retryable).toBe(false)
  },
)
