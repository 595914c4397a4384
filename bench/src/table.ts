import { CONTENDERS } from './contenders/index.js'
import { readable, readableRatio } from './numbers/format.js'
import { ratioTo, type RowResult, type Verdict } from './results.js'

/** A row as a table of its own, in Markdown. */
export function rowTable({ title, unit, contenders, verdicts, date }: RowResult): string {
  const details = [...new Set(contenders.flatMap((contender) => Object.keys(contender.details)))]
  const head = ['', unit, 'lowest to highest', 'ours to it', ...details]
  const body = contenders.map((contender) => {
    const ratio = contender.name === 'realtime' ? undefined : ratioTo(contender.name, contenders)
    return [
      CONTENDERS[contender.name],
      readable(contender.median),
      `${readable(Math.min(...contender.runs))} to ${readable(Math.max(...contender.runs))}`,
      ratio === undefined ? '' : readableRatio(ratio),
      ...details.map((detail) => (detail in contender.details ? readable(contender.details[detail] ?? 0) : '')),
    ]
  })
  return [
    `### ${title}`,
    '',
    table(head, body),
    '',
    ...verdicts.map((verdict) => `- ${verdictText(verdict, unit)}`),
    ...(date === undefined ? [] : ['', `Measured by itself, at ${date.slice(0, 16).replace('T', ' ')} UTC.`]),
  ].join('\n')
}

/** A target and what came of it, in a sentence. */
export function verdictText({ atMost, measured, isMet, against, of }: Verdict, unit: string): string {
  const outcome = isMet ? 'met' : '**not met**'
  if (against === undefined) return `at most ${readable(atMost)} ${of ?? unit}: ${readable(measured)}, ${outcome}`
  const whose = `${CONTENDERS[against]}${of === undefined ? '' : ` in ${of}`}`
  return `at most ${readableRatio(atMost)} ${whose}: ${readableRatio(measured)}, ${outcome}`
}

/** A Markdown table. */
export function table(head: readonly string[], body: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}
