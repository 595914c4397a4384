import type { PresenceChange, PresenceStore } from '../../../ports/index.js'

/** One node on the store, with what it was told. */
export interface PresenceNode {
  /** Its end of the store. */
  readonly presence: PresenceStore
  /** What it was told, in order. */
  readonly changes: ReadonlyArray<{ readonly channel: string; readonly change: PresenceChange }>
}

/** What the suite needs of an implementation: made fresh for every test. */
export interface PresenceFixture {
  /** Joins a node. */
  join(): Promise<PresenceNode>
  /** Lets this much time pass for the store, in milliseconds. Real time may do: the suite asks for little. */
  advance(ms: number): Promise<void>
  /** From now on nothing is replicated: what is done is lost in the next lossy failover. */
  cutReplication(): Promise<void>
  /** Has another replication history take over, with or without what came after the cut. */
  failOver(options: { readonly lossy: boolean }): Promise<void>
  /** Waits until a condition holds, or fails in a time that suits the implementation. */
  eventually(condition: () => boolean): Promise<void>
  /** Waits until whatever was on its way to the nodes has arrived. */
  quiet(): Promise<void>
  /** Lets go of everything. */
  dispose(): Promise<void>
}
