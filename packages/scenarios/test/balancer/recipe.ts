import { textOf } from '../docs/pages.js'

/** What a test has otherwise than the guide. */
export type Change = (config: string) => string

/** The configuration that the guide to scaling out gives for a balancer. */
export function recipe(balancer: string): string {
  const [, found] =
    new RegExp(`^${balancer}\\b.*:\n\n\`\`\`\n([\\s\\S]*?)\`\`\``, 'm').exec(textOf('docs/guide/scaling-out.md')) ?? []
  if (!found) throw new Error(`the guide has no recipe for ${balancer}`)
  return found
}

/** A text with something in it that has to be there replaced. */
export function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the recipe of the guide has no "${from}"`)
  return text.replaceAll(from, to)
}
