import { describe, expect, expectTypeOf, test } from 'vitest'
import { ERROR_CODES, type ErrorCode, type ErrorCodeRow, type ServerErrorCode } from '../src/index.js'

describe('the error codes', () => {
  test.each(Object.entries<ErrorCodeRow>(ERROR_CODES))('%s says what happened and what to do', (code, row) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
    expect(row.meaning).not.toBe('')
    expect(row.remedy).not.toBe('')
    // A row of a table in a document: no bars, no line breaks.
    expect(row.meaning + row.remedy).not.toMatch(/[|\n]/)
  })

  test('of servers are typed apart from those of clients', () => {
    expectTypeOf<'FORBIDDEN'>().toExtend<ServerErrorCode>()
    expectTypeOf<'OUTBOX_FULL'>().toExtend<ErrorCode>()
    expectTypeOf<'OUTBOX_FULL'>().not.toExtend<ServerErrorCode>()
    const server = Object.values(ERROR_CODES).filter(({ side }) => side === 'server')
    expect(server).toHaveLength(18)
  })
})
