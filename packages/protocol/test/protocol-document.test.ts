import { describe, expect, test } from 'vitest'
import {
  CLOSE_CODES,
  DEFAULT_LIMITS,
  ERROR_CODES,
  isProtocolError,
  judge,
  NULL_POSITION,
  RESERVED_FRAMES,
  RESERVED_SUBPROTOCOLS,
  SUBPROTOCOL,
  type GapReason,
  type Mode,
  type Position,
  type PresenceAction,
} from '../src/index.js'
import { SERVER_FRAMES } from '../src/server-frames.js'
import type { Shape } from '../src/validate.js'
import { protocolText } from './support/files.js'
import { fieldsOf, decode, FRAME_TYPES, type Side } from './support/frames.js'
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

const SIDES: readonly Side[] = ['client', 'server']
const DIRECTIONS = { client: 'Client → server.', server: 'Server → client.', both: 'Both directions.' }

/** Names of the fields that a decoder checks, and whether they may be absent, in the order of the alphabet. */
function checkedFields(side: Side, type: string): string[][] {
  return fieldsOf(side, type)
    .map(([name, optional]) => [name, optional ? 'optional' : 'required'])
    .sort()
}

/** What a section says of a frame as one side sends it: all of it, or the part of that side, where they are different. */
function saidOf(side: Side, type: string): string {
  const text = frameSection(type)
  const [common = '', ...parts] = text.split(/^(?=From a (?:client|server)\b.*:$)/m)
  return parts.find((part) => part.startsWith(`From a ${side}`)) ?? common
}

/** Whether a message is a frame that this side may send. */
function isFrameOf(side: Side, code: string): boolean {
  return !isProtocolError(decode(side, code))
}

const frames = [...new Set([...FRAME_TYPES.client, ...FRAME_TYPES.server])].map((type) => {
  const both = FRAME_TYPES.client.includes(type) && FRAME_TYPES.server.includes(type)
  const side: keyof typeof DIRECTIONS = both ? 'both' : FRAME_TYPES.client.includes(type) ? 'client' : 'server'
  return { type, side }
})
const sent = SIDES.flatMap((side) => FRAME_TYPES[side].map((type) => ({ side, type })))

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

  test('actions of presence', () => {
    const meant: Record<PresenceAction, true> = { enter: true, leave: true, get: true, watch: true, unwatch: true }
    const written = tableWith('`presence`', 'action').rows.map((row) => row['action'] ?? '')
    expect(written).toEqual(Object.keys(meant))
    const request = (action: string) => `{"type":"presence","ref":1,"channel":"a","action":"${action}"}`
    for (const action of written) expect(isFrameOf('client', request(action))).toBe(true)
    expect(isFrameOf('client', request(written.join('|')))).toBe(false)
  })

  test('the delivery rule of logs', () => {
    const { head, rows } = tableWith('5.2 The delivery rule', 'Verdict')
    const arrivals: Record<string, readonly Arrival[]> = {
      'same epoch, offset = last + 1': [arrival('A', 5, 'A', 6)],
      'same epoch, offset ≤ last': [arrival('A', 5, 'A', 5), arrival('A', 5, 'A', 1)],
      'last is the null position (epoch `""`), offset = 1, any epoch': [{ last: NULL_POSITION, next: at('B', 1) }],
      'anything else': [arrival('A', 5, 'A', 7), arrival('A', 5, 'B', 6), arrival('A', 5, 'B', 1)],
    }
    expect(rows.map((row) => row[head[0] ?? ''])).toEqual(Object.keys(arrivals))
    for (const row of rows) {
      const verdicts = arrivals[row[head[0] ?? ''] ?? '']?.map(({ last, next }) => judge(last, next))
      expect(new Set(verdicts)).toEqual(new Set([row['Verdict']?.split(/[;:]/)[0]]))
    }
  })

  test('the delivery rule of each mode', () => {
    const { head, rows } = tableWith('5.5 Modes', 'The publication that arrives')
    const arrivals: Record<string, readonly Arrival[]> = {
      'no position: epoch `""`, offset 0': [
        { last: at('A', 5), next: NULL_POSITION },
        { last: NULL_POSITION, next: NULL_POSITION },
      ],
      'same epoch, offset = last + 1': [arrival('A', 5, 'A', 6)],
      'same epoch, offset ≤ last': [arrival('A', 5, 'A', 5), arrival('A', 5, 'A', 1)],
      'same epoch, offset > last + 1': [arrival('A', 5, 'A', 7), arrival('A', 0, 'A', 900)],
      'last is the null position, offset = 1, any epoch': [{ last: NULL_POSITION, next: at('B', 1) }],
      'another epoch': [arrival('A', 5, 'B', 6), arrival('A', 5, 'B', 1), { last: NULL_POSITION, next: at('B', 2) }],
    }
    expect(head.slice(1)).toEqual(['log', '`latest`, `ephemeral`'])
    expect(rows.map((row) => row['The publication that arrives'])).toEqual(Object.keys(arrivals))
    const modes: Record<Exclude<Mode, 'log'>, true> = { latest: true, ephemeral: true }
    for (const row of rows) {
      for (const { last, next } of arrivals[row['The publication that arrives'] ?? ''] ?? []) {
        // A log sends nothing without a position, so that its rule has no verdict on it.
        if (row['log'] !== '–') expect(judge(last, next)).toBe(row['log'])
        for (const mode of Object.keys(modes) as (keyof typeof modes)[])
          expect(judge(last, next, mode)).toBe(row['`latest`, `ephemeral`'])
      }
    }
  })

  test('modes', () => {
    const meant: Record<Mode, true> = { log: true, latest: true, ephemeral: true }
    expect(tableWith('5.5 Modes', 'log', 'latest', 'ephemeral').head.slice(1)).toEqual(Object.keys(meant))
  })

  test('subprotocols', () => {
    for (const name of [SUBPROTOCOL, ...RESERVED_SUBPROTOCOLS])
      expect(section('2.1 The handshake')).toContain(`\`${name}\``)
  })
})

describe('each frame', () => {
  test('stands in the list of §3 with who sends it', () => {
    const written = tableWith('3. Frames', 'Frame', 'Sent by', 'Answered by', '§').rows
    const listed = written.map((row) => `${row['Sent by']} ${row['Frame']}`)
    expect([...listed].sort()).toEqual(frames.map(({ type, side }) => `${side} ${type}`).sort())
  })

  test('has a heading, and no heading is of another one', () => {
    const titles = all.filter(({ level, title }) => level === 4 && title.startsWith('`')).map(({ title }) => title)
    expect([...titles].sort()).toEqual(frames.map(({ type }) => `\`${type}\``).sort())
  })

  test.each(frames)('$side $type has its direction', ({ type, side }) => {
    expect(frameSection(type).trim().startsWith(DIRECTIONS[side])).toBe(true)
  })

  test.each(sent)('$type has an example of what a $side sends', ({ side, type }) => {
    const examples = codeBlocks(frameSection(type), 'json').filter((code) => isFrameOf(side, code))
    expect(examples.map((code) => (JSON.parse(code) as { type: string }).type)).toContain(type)
  })

  test.each(sent)('$type has a table of the fields that are checked when a $side sends it', ({ side, type }) => {
    const checked = checkedFields(side, type)
    const said = saidOf(side, type)
    if (checked.length === 0) return expect(said).toContain('It has no fields.')
    const found = tables(said).filter(({ head }) => head.join() === 'Field,Presence,Rule,Meaning')
    expect(found).toHaveLength(1)
    // A field that may be absent and may hold anything has no rule to check.
    const withRule = (found[0]?.rows ?? []).filter(
      (row) =>
        row['Presence'] !== 'optional' || row['Rule'] !== 'data' || checked.some(([name]) => name === row['Field']),
    )
    expect(withRule.map((row) => [row['Field'], row['Presence']]).sort()).toEqual(checked)
  })

  test.each(frames.filter(({ side }) => side === 'both'))(
    '$type has one table for each side that has its own',
    (frame) => {
      const [client, server] = SIDES.map((side) => checkedFields(side, frame.type))
      const differs = JSON.stringify(client) !== JSON.stringify(server)
      expect(saidOf('client', frame.type) !== saidOf('server', frame.type)).toBe(differs)
    },
  )
})

test('a member of a presence has a table of the fields that are checked', () => {
  const written = tableWith('3.9 Presence', 'Field', 'Presence', 'Rule', 'Meaning').rows
  const { members } = SERVER_FRAMES['reply']?.['?'] as { readonly members: readonly [Shape] }
  const { '?': optional, ...required } = members[0]
  const named = (presence: string) => written.filter((row) => row['Presence'] === presence).map((row) => row['Field'])
  expect(named('required')).toEqual(Object.keys(required))
  expect(named('optional')).toEqual(Object.keys(optional as Shape))
})

describe('each example', () => {
  const examples = all.flatMap(({ title, text }) =>
    codeBlocks(text, 'json').map((code, i) => ({ title, code, place: i + 1 })),
  )

  test('is counted', () => {
    expect(examples.length).toBeGreaterThanOrEqual(frames.length)
  })

  test.each(examples)('in $title, number $place, decodes', ({ code }) => {
    expect(SIDES.map((side) => decode(side, code))).toContainEqual(JSON.parse(code))
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

  test('shows every frame of each side but those that are asked for or go wrong', () => {
    const shown = new Set(said.map(({ arrow, text }) => `${arrow}${(JSON.parse(text) as { type: string }).type}`))
    const missing = sent
      .map(({ side, type }) => `${side === 'client' ? '→' : '←'} ${type}`)
      .filter((each) => !shown.has(each))
    expect(missing.sort()).toEqual(['← cancel', '← closing', '← pong', '→ history', '→ ping'])
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
    const bounds = ['4000', '4001', '4003', '4099', '4100', '4499', '4500', '4501', '4599', '4600', '4999']
    const named = [...document.matchAll(/(?<![\d,.-])4[0-9]{3}(?![\d,-])/g)].map(([number]) => number)
    expect(named.filter((number) => !known.includes(number) && !bounds.includes(number))).toEqual([])
  })
})

interface Arrival {
  readonly last: Position
  readonly next: Position
}

function at(epoch: string, offset: number): Position {
  return { epoch, offset }
}

function arrival(lastEpoch: string, lastOffset: number, epoch: string, offset: number): Arrival {
  return { last: at(lastEpoch, lastOffset), next: at(epoch, offset) }
}
