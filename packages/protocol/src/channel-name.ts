import { DEFAULT_LIMITS } from './limits.js'
import { utf8Bytes } from './utf8.js'

/** Values of the parameters of a channel template, by name. */
export type TemplateValues = Readonly<Record<string, string>>

/** A channel template, ready to be matched against names. PROTOCOL.md §4. */
export interface ChannelTemplate {
  /** The template as written, such as `room:{roomId}`. */
  readonly source: string
  /** Whether it has no parameters and so names just one channel. */
  readonly literal: boolean
  /** The parameters of a name that fits, or `undefined` when it does not. */
  match(name: string): TemplateValues | undefined
}

/**
 * Whether a text can name a channel: 1 to 255 bytes of UTF-8, no control characters, no lone surrogates.
 * PROTOCOL.md §4.
 */
export function isChannelName(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || name.length > DEFAULT_LIMITS.channelNameBytes) return false
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return false
    if (unit >= 0xd800 && unit < 0xe000) {
      const low = name.charCodeAt(i + 1)
      if (unit >= 0xdc00 || !(low >= 0xdc00 && low < 0xe000)) return false
      i++
    }
  }
  return utf8Bytes(name) <= DEFAULT_LIMITS.channelNameBytes
}

/**
 * Reads a channel template: text with parameters in braces, such as `room:{roomId}`. A parameter stands for one or
 * more characters other than `:`, and text must stand between two parameters. Each parameter but the last takes as
 * few characters as possible, so a name fits in one way at most. PROTOCOL.md §4.
 *
 * @throws TypeError when the template cannot be read; the message says why.
 */
export function channelTemplate(source: string): ChannelTemplate {
  if (!isChannelName(source)) throw new TypeError(`channel template ${JSON.stringify(source)} is not a channel name`)
  const parts = source.split(/\{([^{}]*)\}/)
  const names = parts.filter((_, i) => i % 2 === 1)
  const texts = parts.filter((_, i) => i % 2 === 0)
  for (const text of texts) if (/[{}]/.test(text)) throw templateError(source, 'has a brace without its twin')
  for (const name of names)
    if (!/^[A-Za-z_]\w*$/.test(name)) throw templateError(source, `has a bad parameter {${name}}`)
  if (new Set(names).size !== names.length) throw templateError(source, 'names a parameter twice')
  if (texts.slice(1, -1).includes('')) throw templateError(source, 'has two parameters with nothing between them')
  return { source, literal: names.length === 0, match: (name) => match(name, texts, names) }
}

function match(name: string, texts: readonly string[], names: readonly string[]): TemplateValues | undefined {
  const first = texts[0] ?? ''
  if (!name.startsWith(first)) return undefined
  const values: Record<string, string> = Object.create(null) as Record<string, string>
  let at = first.length
  for (const [i, parameter] of names.entries()) {
    const text = texts[i + 1] ?? ''
    const last = i === names.length - 1
    // The last parameter ends where the closing text begins, seen from the end; the others at the next text.
    const end = last ? name.length - text.length : name.indexOf(text, at + 1)
    if (end <= at || !name.startsWith(text, end)) return undefined
    const value = name.slice(at, end)
    if (value.includes(':')) return undefined
    values[parameter] = value
    at = end + text.length
  }
  return at === name.length ? values : undefined
}

function templateError(source: string, why: string): TypeError {
  return new TypeError(`channel template ${JSON.stringify(source)} ${why}`)
}
