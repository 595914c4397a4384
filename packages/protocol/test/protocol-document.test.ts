import { describe, expect, test } from 'vitest'
import { CLIENT_FRAMES } from '../src/client-frames.js'
import {
  CLOSE_CODES,
  DEFAULT_LIMITS,
  ERROR_CODES,
  isProtocolError,
  RESERVED_FRAMES,
  RESERVED_SUBPROTOCOLS,
  SUBPROTOCOL,
  type GapReason,
} from '../src/index.js'
import { SERVER_FRAMES } from '../src/server-frames.js'
import { protocolText } from './support/files.js'
import { decode, FRAME_TYPES } from './support/frames.js'
import { codeBlocks, sections, tables, type Table } from './support/markdown.js'

const document = protocolText()
const all = sections(document)

function section(title: string): string {
  const found = all.filter((each) => each.title === title)
  expect(found, `sections called ${title}`).toHaveLength(1)
  return found[0]?.text ?? ''
}

function tableWith(title: string, ...columns: string[]): Table {
  const found = tables(section(title)).filter(({ head }) => columns.every((column) => head.includes(column)))
  expect(found, `tables of ${title} with ${columns.join(', ')}`).toHaveLength(1)
  return found[0] ?? { head: [], rows: [] }
}

/** Section that tells of a frame: its heading is the type in back-ticks. */
function frameSection(type: string): string {
  return section(`\`${type}\``)
}

const DIRECTIONS = { client: 'Client → server.', server: 'Server → client.', both: 'Both directions.' }

const frames = [...new Set([...FRAME_TYPES.client, ...FRAME_TYPES.server])].map((type) => {
  const both = FRAME_TYPES.client.includes(type) && FRAME_TYPES.server.includes(type)
  const side: keyof typeof DIRECTIONS = both ? 'both' : FRAME_TYPES.client.includes(type) ? 'client' : 'server'
  return { type, side }
})

describe('the tables say what the code says', () => {
  test('close codes', () => {
    const written = tableWith('6.1 The table', 'Code', 'Name', 'Reason', 'Policy', 'When').rows.map((row) => ({
      name: row['Name'],
      code: Number(row['Code']),
      reason: row['Reason'],
      policy: row['Policy'],
    }))
    expect(written).toEqual(Object.entries(CLOSE_CODES).map(([name, row]) => ({ name, ...row })))
  })

  test('error codes', () => {
    const written = tableWith('7.1 The table', 'Code', 'Side', 'Retryable', 'Meaning', 'Remedy').rows.map((row) => ({
      code: row['Code'],
      side: row['Side'],
      retryable: row['Retryable'],
      meaning: row['Meaning'],
      remedy: row['Remedy'],
    }))
    const meant = Object.entries(ERROR_CODES).map(([code, row]) => ({
      code,
      ...row,
      retryable: row.retryable ? 'yes' : 'no',
    }))
    expect(written).toEqual(meant)
  })

  test('limits', () => {
    const { rows } = tableWith('8. Limits', 'Name', 'Default', 'Kind', 'Meaning')
    const written = rows.map((row) => [row['Name'], Number(row['Default']?.replaceAll(',', ''))])
    expect(written).toEqual(Object.entries(DEFAULT_LIMITS))
    for (const row of rows) expect(['fixed', 'announced', 'server']).toContain(row['Kind'])
  })

  test('reserved frames', () => {
    const { rows } = tableWith('3.8 Reserved frames', 'Type', 'Direction', 'Purpose')
    expect(rows.map((row) => [row['Type'], row['Direction']])).toEqual(Object.entries(RESERVED_FRAMES))
    for (const row of rows) expect(row['Purpose']).not.toBe('')
  })

  test('gap reasons', () => {
    const meant: Record<GapReason, true> = { trimmed: true, slow: true, rollback: true, epoch: true, unknown: true }
    expect(tableWith('5.4 Gaps', 'reason').rows.map((row) => row['reason'])).toEqual(Object.keys(meant))
  })

  test('subprotocols', () => {
    for (const name of [SUBPROTOCOL, ...RESERVED_SUBPROTOCOLS])
      expect(section('2.1 The handshake')).toContain(`\`${name}\``)
  })
})

describe('each frame', () => {
  test('stands in the list of §3 with who sends it', () => {
    const written = tableWith('3. Frames', 'Frame', 'Sent by', 'Answered by', '§').rows
    const sent = written.map((row) => `${row['Sent by']} ${row['Frame']}`)
    expect([...sent].sort()).toEqual(frames.map(({ type, side }) => `${side} ${type}`).sort())
  })

  test('has a heading, and no heading is of another one', () => {
    const titles = all.filter(({ level, title }) => level === 4 && title.startsWith('`')).map(({ title }) => title)
    expect([...titles].sort()).toEqual(frames.map(({ type }) => `\`${type}\``).sort())
  })

  test.each(frames)('$side $type has its direction and an example', ({ type, side }) => {
    const text = frameSection(type)
    expect(text.trim().startsWith(DIRECTIONS[side])).toBe(true)
    const examples = codeBlocks(text, 'json').map((code) => (JSON.parse(code) as { type: string }).type)
    expect(examples).toContain(type)
  })

  test.each(frames)('$side $type has a table of the fields that the decoder checks', ({ type, side }) => {
    const shape = (side === 'server' ? SERVER_FRAMES : CLIENT_FRAMES)[type] ?? {}
    if (side === 'both') expect(SERVER_FRAMES[type]).toEqual(shape)
    const checked = Object.keys(shape).map((key) => [key.replace('?', ''), key.endsWith('?') ? 'optional' : 'required'])
    if (checked.length === 0) return expect(frameSection(type)).toContain('It has no fields.')
    const written = tableWith(`\`${type}\``, 'Field', 'Presence', 'Rule', 'Meaning').rows
    // A field that may be absent and may hold anything has no rule to check.
    const withRule = written.filter(
      (row) => row['Presence'] !== 'optional' || row['Rule'] !== 'data' || `${row['Field']}?` in shape,
    )
    expect(withRule.map((row) => [row['Field'], row['Presence']]).sort()).toEqual(checked.sort())
  })
})

describe('each example', () => {
  const examples = all.flatMap(({ title, text }) =>
    codeBlocks(text, 'json').map((code, i) => ({ title, code, place: i + 1 })),
  )

  test('is counted', () => {
    expect(examples.length).toBeGreaterThanOrEqual(frames.length)
  })

  test.each(examples)('in $title, number $place, decodes', ({ code }) => {
    const { type } = JSON.parse(code) as { type: string }
    const side = FRAME_TYPES.client.includes(type) ? 'client' : 'server'
    expect(decode(side, code)).toEqual(JSON.parse(code))
  })
})

describe('the sample session', () => {
  const lines = codeBlocks(section('10. A sample session'), 'text').flatMap((code) => code.split('\n').filter(Boolean))
  const said = lines.map((line) => ({ line, arrow: line.slice(0, 2), text: line.slice(2) }))

  test.each(said)('$line', ({ arrow, text }) => {
    expect(['→ ', '← ']).toContain(arrow)
    const frame = decode(arrow === '→ ' ? 'client' : 'server', text)
    expect(isProtocolError(frame)).toBe(false)
  })

  test('shows every type of frame but history, error without a link, and closing', () => {
    const shown = new Set(said.map(({ text }) => (JSON.parse(text) as { type: string }).type))
    const missing = frames.map(({ type }) => type).filter((type) => !shown.has(type))
    expect(missing.sort()).toEqual(['closing', 'history'])
  })
})

describe('references', () => {
  test('to a section name one that exists', () => {
    const numbers = new Set(all.map(({ title }) => /^(\d+(?:\.\d+)?)\.? /.exec(title)?.[1]))
    // RFC 6455 has sections of its own.
    const named = [...document.replaceAll(/RFC 6455 §[\d.]+/g, '').matchAll(/§(\d+(?:\.\d+)?)/g)].map(
      ([, number]) => number,
    )
    expect(named.filter((number) => !numbers.has(number))).toEqual([])
  })

  test('to an error code or a close code by name name one that exists', () => {
    const shouted = [...document.matchAll(/`([A-Z][A-Z_]{3,})`/g)].map(([, name]) => name ?? '')
    const known = [...Object.keys(ERROR_CODES), ...Object.keys(CLOSE_CODES)]
    expect(shouted.filter((name) => !known.includes(name))).toEqual([])
  })

  test('to a close code by number name one of the table, a range, or one of RFC 6455', () => {
    const known = Object.values(CLOSE_CODES).map(({ code }) => String(code))
    const bounds = ['4000', '4001', '4003', '4499', '4500', '4501', '4999']
    const named = [...document.matchAll(/(?<![\d,.-])4[0-9]{3}(?![\d,-])/g)].map(([number]) => number)
    expect(named.filter((number) => !known.includes(number) && !bounds.includes(number))).toEqual([])
  })
})
