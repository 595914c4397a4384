import { ERROR_CODES } from '@org/realtime-protocol'
import { expect, test } from 'vitest'
import { RealtimeError } from '../src/core/errors.js'

test.each(Object.entries(ERROR_CODES))('%s is retryable as the table of error codes says', (code, { retryable }) => {
  expect(new RealtimeError(code).retryable).toBe(retryable)
})
