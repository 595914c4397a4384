/** What a frame of a server is to a generator. Numbers, because this is asked for every frame. */
export const Said = {
  /** Of no interest. */
  nothing: 0,
  /** A message of a channel. */
  delivery: 1,
  /** The answer to a call or a publish. */
  answer: 2,
  /** A ping that wants an answer. */
  ping: 3,
  /** One of the frames that a link waits for before it is ready. */
  ready: 4,
  /** Something that must not come in a measurement. */
  refusal: 5,
} as const

/** One of {@link Said}. */
export type SaidKind = (typeof Said)[keyof typeof Said]

/** What one link is to be. */
export interface Wish {
  /** Number of the link. */
  readonly index: number
  /** What it subscribes to. */
  readonly channels: readonly string[]
  /** What it was before, if it comes back. */
  readonly past?: Past
}

/** What a link has to know to come back and get what it missed, as the server said it. */
export interface Past {
  /** The session. */
  readonly session: unknown
  /** Where its only channel stood. */
  readonly since: unknown
}

/** How to speak to one kind of server, by hand: frames are told apart by a few bytes, and none is parsed. */
export interface Dialect {
  /** Path of the upgrade request, with its query. */
  path(wish: Wish): string
  /** The subprotocol to offer. */
  readonly subprotocol?: string
  /** What to say once the link is open; nothing when the upgrade says all. */
  greeting(wish: Wish): string | undefined
  /** How many frames of kind `ready` come before the link is ready. */
  readyFrames(wish: Wish): number
  /** What a frame is, by the bytes of its payload. */
  read(bytes: Buffer, start: number, end: number): SaidKind
  /** The answer to a ping. */
  readonly pong?: string
  /** What a link says that leaves for good; absent: it just goes. */
  readonly farewell?: string
  /** A request whose answer carries the data again. */
  call(ref: number, data: string): string
  /** A request to publish to a channel, with an answer. */
  publish(ref: number, channel: string, data: string): string
}

/** Code of a character, to compare bytes with. */
export const code = (character: string): number => character.charCodeAt(0)
