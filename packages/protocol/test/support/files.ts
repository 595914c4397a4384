import { readdirSync, readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

/** PROTOCOL.md as text. */
export function protocolText(): string {
  return readFileSync(new URL('PROTOCOL.md', root), 'utf8')
}

/** Names of the vector files, without `.json`. */
export function vectorNames(): string[] {
  return readdirSync(new URL('vectors/', root))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
}

/** The cases of one vector file. */
export function vectorCases<Case>(name: string): Case[] {
  const { cases } = JSON.parse(readFileSync(new URL(`vectors/${name}.json`, root), 'utf8')) as { cases: Case[] }
  return cases
}

/** Text of a file beside the vectors. */
export function vectorsReadme(): string {
  return readFileSync(new URL('vectors/README.md', root), 'utf8')
}
