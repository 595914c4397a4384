/** Chance and digests, given to the engine so that tests can give repeatable ones. */
export interface Random {
  /** A number from 0 up to but not including 1. Not for secrets. */
  fraction(): number
  /** 128 unguessable bits as 22 characters of base64url. */
  id(): string
  /** SHA-256 of a text's UTF-8, as 43 characters of base64url. */
  digest(text: string): string
  /** Whether two texts are equal, in a time that does not depend on where they differ. */
  equal(a: string, b: string): boolean
}
