import { LineError } from './errors.js'
import type { Hear } from './line.js'
import { PARTITIONS, partitionOfKey } from './partitions.js'

/** Somebody who waits until Redis has acknowledged a topic. */
interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface Topic {
  readonly hearers: Set<Hear>
  waiters: Set<Waiter>
}

/** Who listens to what, here. */
export class Topics {
  private readonly byPartition = Array.from({ length: PARTITIONS }, () => new Map<string, Topic>())

  /** How many topics somebody listens to. */
  get size(): number {
    return this.byPartition.reduce((sum, topics) => sum + topics.size, 0)
  }

  has(topic: string): boolean {
    return this.of(topic).has(topic)
  }

  /** Names of the topics in a partition. */
  in(partition: number): Iterable<string> {
    return this.byPartition[partition]?.keys() ?? []
  }

  add(name: string, hear: Hear): void {
    const topics = this.of(name)
    const topic = topics.get(name)
    if (topic) topic.hearers.add(hear)
    else topics.set(name, { hearers: new Set([hear]), waiters: new Set() })
  }

  /** @returns Whether that was the last one who listened. */
  remove(name: string, hear: Hear): boolean {
    const topic = this.of(name).get(name)
    if (!topic?.hearers.delete(hear) || topic.hearers.size > 0) return false
    this.of(name).delete(name)
    const gone = new LineError('UNAVAILABLE', 'nobody listens to the topic any more')
    for (const waiter of topic.waiters) waiter.reject(gone)
    return true
  }

  /** Hands a text to whoever listens. */
  hear(name: string, text: string): void {
    const topic = this.of(name).get(name)
    if (topic) for (const hear of [...topic.hearers]) hear(text)
  }

  /** Resolves when Redis has acknowledged the topic. @returns The promise, and what gives up waiting. */
  acknowledged(name: string): { readonly promise: Promise<void>; readonly fail: (error: Error) => void } {
    const waiters = this.of(name).get(name)?.waiters
    let fail: (error: Error) => void = () => undefined
    const promise = new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { resolve, reject }
      waiters?.add(waiter)
      fail = (error) => {
        waiters?.delete(waiter)
        reject(error)
      }
    })
    return { promise, fail }
  }

  /** Redis has acknowledged them. */
  settle(names: readonly string[]): void {
    this.eachWaiter(names, (waiter) => waiter.resolve())
  }

  /** Redis will not take them. */
  fail(names: readonly string[], error: Error): void {
    this.eachWaiter(names, (waiter) => waiter.reject(error))
  }

  private eachWaiter(names: readonly string[], settle: (waiter: Waiter) => void): void {
    for (const name of names) {
      const topic = this.of(name).get(name)
      if (!topic || topic.waiters.size === 0) continue
      const { waiters } = topic
      topic.waiters = new Set()
      for (const waiter of waiters) settle(waiter)
    }
  }

  private of(name: string): Map<string, Topic> {
    const topics = this.byPartition[partitionOfKey(name)]
    if (!topics) throw new TypeError(`"${name}" is in no partition`)
    return topics
  }
}
