/** Why something cannot be done, by code. */
export const REFUSALS = {
  INVALID_INPUT: 400,
  SIGN_IN: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  KEY_REUSED: 409,
  SHOP_CLOSED: 409,
  TOO_MANY: 429,
} as const satisfies Record<string, number>

/** Name of a reason. */
export type RefusalCode = keyof typeof REFUSALS

/** Something that cannot be done, with a sentence for who asked. Thrown before anything was changed. */
export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    message: string,
    /** What stands instead of what was asked for, if that helps. */
    readonly current?: object,
  ) {
    super(message)
    this.name = 'Refusal'
  }
}
