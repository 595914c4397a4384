/**
 * How many bytes a text takes in UTF-8, without encoding it. A lone surrogate counts as the replacement
 * character (3 bytes), as an encoder would write it.
 */
export function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) bytes += 1
    else if (unit >= 0xd800 && unit < 0xdc00 && isLow(text.charCodeAt(i + 1))) {
      bytes += 2
      i++
    } else bytes += 2
  }
  return bytes
}

/**
 * The longest prefix of a text that fits a number of UTF-8 bytes; a character is never cut in two.
 * Close reasons, for one, may have 123 bytes and no more (RFC 6455 §5.5).
 */
export function truncateToBytes(text: string, maxBytes: number): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += utf8Bytes(character)
    if (bytes > maxBytes) return text.slice(0, end)
    end += character.length
  }
  return text
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}
