import type { EndedGeneration } from '../core/lineage.js'

/** Reads ends of generations, `id:end;id:end;`, oldest first. */
export function parseEnded(text: string): EndedGeneration[] {
  return text
    .split(';')
    .filter((part) => part !== '')
    .map((part) => {
      const [id = '', end] = part.split(':')
      return { id, end: Number(end) }
    })
}
