/** Hears the texts of a topic. Must not throw. */
export type Hear = (text: string) => void

/** How a function is called. */
export interface CallOptions {
  /** The function must not run twice: no retry where it may have run. Default: false, all of ours may be repeated. */
  readonly once?: boolean
  /**
   * The call belongs to the replication history that serves now, if one does: it is not tried where another one has taken
   * over, and rejects. Default: false.
   */
  readonly sameHistory?: boolean
  /** With `sameHistory`, where that is not known: asked before another Redis is tried; when it says no, the call rejects. */
  readonly isWanted?: () => boolean
  /** Time until the call rejects, in milliseconds. Default: `deadlineMs` of the options. */
  readonly deadlineMs?: number
}

/** What the line tells those who use it. */
export interface LineHandler {
  /** The line is used, for the first time since it was made or closed: it connects. Told at once, if it is. */
  opened?(): void
  /** Whether all of Redis can be reached has changed. */
  degraded(isDegraded: boolean): void
  /** Texts may have been lost, or another history may serve the keys: verify everything. */
  resync(): void
}

/**
 * What broker and stores see of Redis: functions that run where the keys are, and topics. It knows where that is, and
 * what to do when it is somewhere else, or not there.
 *
 * Keys: every key and every topic of a name carries the tag of the name's partition, on a single Redis as well.
 * Calls: one call runs on the master that serves its keys; they all have one tag. It is tried again, with the same
 * arguments, inside its deadline, where Redis did not run it or may not have; our functions may be repeated.
 * Topics: several may listen to the same topic; Redis is asked once. A text can be lost; `resync` follows then.
 * Order: texts of one topic come in the order in which Redis published them.
 * Failure: see {@link LineError}.
 */
export interface RedisLine {
  /** SPUBLISH in a Cluster, PUBLISH elsewhere: what a function must use, as an argument. */
  readonly publishCommand: 'publish' | 'spublish'
  /** Number of the partition of a name: 0 … 127. */
  partitionOf(name: string): number
  /** `rt1:{tag}:kind:name`, behind the prefix of the application; in another database than 0 `rt1:db:{tag}:kind:name`. */
  key(kind: string, name: string): string
  /** The same for what belongs to a partition and to no name. */
  partitionKey(kind: string, partition: number): string
  /** Connects, in the background: what goes wrong is told to those who watch. The first call does it, too. */
  open(): void
  /** Runs `<library>.<function>`. The first call connects. */
  call(fn: string, keys: readonly string[], args: readonly (string | number)[], options?: CallOptions): Promise<unknown>
  /**
   * Listens to a topic, which is a key. Resolves once Redis has acknowledged it; after a reconnect it is listened to
   * again by itself, and `resync` follows.
   */
  listen(topic: string, hear: Hear): Promise<void>
  /** Ends that for one who listens. A text that is on its way is not heard any more. */
  unlisten(topic: string, hear: Hear): Promise<void>
  /** Publishes a text outside of any function. Tried once; resolves when Redis has it. */
  say(topic: string, text: string): Promise<void>
  /** Tells a handler what happens; `degraded(true)` at once, if it is so. @returns What ends that. */
  watch(handler: LineHandler): () => void
  /** Lets go of all connections. What is under way rejects. Whoever uses it again connects again. */
  close(): Promise<void>
}
