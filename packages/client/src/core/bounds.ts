// The client's own numbers: what it keeps, and how long it waits. In a file of their own, since bundlers put such
// constants in the place of their names.

/** Room for what surrounds the data in a publish frame: type, numbers, epoch. */
export const FRAME_BYTES = 300

/** Most publishes of a channel that wait for their reply, and most calls. A server's own limit can only be smaller. */
export const WINDOW = 64

/** How many acknowledged publishes of a channel are remembered. */
export const ACKNOWLEDGED = 100

/** How long acknowledged publishes are remembered. */
export const ACKNOWLEDGED_MS = 300_000

/** Most subscriptions, and most acknowledged positions, that a `connect` frame may hold. */
export const CONNECT_ENTRIES = 128

/** Bytes they may take together: the frame has 64 KiB, and token and data want some. */
export const CONNECT_BYTES = 56_000

/** Attempts after which the back-off between two questions for a token that is about to expire stands. */
export const RENEWAL_ATTEMPT = 4

/** Longest time a publish may wait: within it, every server recognises a repeat (`dedupeMs`, PROTOCOL.md §8). */
export const MAX_OUTBOX_AGE_MS = 240_000

/** Calls of the server that run at a time. */
export const SERVED_CALLS = 64

/** Messages an iterator keeps for its reader. */
export const ITERATOR_MESSAGES = 1_000
