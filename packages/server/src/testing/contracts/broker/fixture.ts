import type { Position } from '@org/realtime-protocol'
import type { Broker, StoredPublication } from '../../../ports/index.js'

/** A publication that a node was handed. */
export interface Delivery {
  /** The channel. */
  readonly channel: string
  /** Its epoch. */
  readonly epoch: string
  /** What it was handed. */
  readonly publication: StoredPublication
}

/** One node on the broker, with what it was told. */
export interface BrokerNode {
  /** Its end of the broker. */
  readonly broker: Broker
  /** What it was handed, in order. */
  readonly deliveries: readonly Delivery[]
  /** How often it was told to verify its positions. */
  readonly resyncs: () => number
  /** Where it was told that logs end, in order. */
  readonly heads: ReadonlyArray<{ readonly channel: string; readonly head: Position }>
}

/** What the suite needs of an implementation: made fresh for every test. */
export interface BrokerFixture {
  /** Joins a node. */
  join(): Promise<BrokerNode>
  /** Lets this much time pass for the broker, in milliseconds. Real time may do: the suite asks for little. */
  advance(ms: number): Promise<void>
  /** From now on nothing is replicated: what is published is lost in the next lossy failover. */
  cutReplication(): Promise<void>
  /** Has another replication history take over, with or without what came after the cut. */
  failOver(options: { readonly lossy: boolean }): Promise<void>
  /**
   * From now on publications are lost on the way to every node. Absent when they cannot be, as in memory: then every
   * one has to arrive.
   */
  loseNews?(): Promise<void>
  /** Waits until a condition holds, or fails in a time that suits the implementation. */
  eventually(condition: () => boolean): Promise<void>
  /** Waits until whatever was on its way to the nodes has arrived. */
  quiet(): Promise<void>
  /** Lets go of everything. */
  dispose(): Promise<void>
}
