/** Whom something is for: one session, or the sessions of a user. */
export type Target =
  | {
      /** Public id of the session. */
      readonly session: string
    }
  | {
      /** Id of the user. */
      readonly user: string
    }
