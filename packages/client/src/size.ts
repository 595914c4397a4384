/** Bytes in UTF-8. */
export function size(text = ''): number {
  return new TextEncoder().encode(text).length
}
