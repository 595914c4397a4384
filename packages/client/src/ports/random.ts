/** Chance, as the client sees it. */
export interface Random {
  /** A number from 0 up to, but not including, 1. Spreads reconnects; need not be secret. */
  fraction(): number
  /** 128 bits nobody can guess, as 22 characters of base64url. Names producers and publications. */
  id(): string
}
