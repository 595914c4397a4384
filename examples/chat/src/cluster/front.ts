/** What stands in front of the servers, and gives each connection to the next one. */
export interface Front {
  /** What it is, for people. */
  readonly name: string
  readonly port: number
  /** Resolves, with what there is to say about it, when it ended without being asked to. */
  readonly failed: Promise<string>
  close(): Promise<void>
}

/** Where it listens. Port 0 is any that is free. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** A server that it leads to, which listens at the same port for good. */
export interface Target {
  readonly name: string
  readonly port: number
}
