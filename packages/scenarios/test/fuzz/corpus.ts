import { readdirSync, readFileSync } from 'node:fs'

interface Vector {
  readonly side?: string
  readonly text?: string
  readonly frame?: { readonly type: string }
}

const folder = new URL('../../../protocol/vectors/', import.meta.url)

/** The texts of the protocol's vectors that one side says, right and wrong ones. */
export function corpus(side: 'client' | 'server'): string[] {
  return vectors(side).map(({ text }) => text)
}

/** The right ones among them, without those of some types. */
export function validCorpus(side: 'client' | 'server', ...without: string[]): string[] {
  return vectors(side).flatMap(({ text, frame }) => (frame && !without.includes(frame.type) ? [text] : []))
}

function vectors(side: 'client' | 'server'): Array<Vector & { readonly text: string }> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return files.flatMap((name) => {
    const { cases } = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { readonly cases: readonly Vector[] }
    return cases.flatMap((vector) =>
      vector.side === side && vector.text !== undefined ? [{ ...vector, text: vector.text }] : [],
    )
  })
}
