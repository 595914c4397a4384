import type { Control, ControlHandler } from '../ports/index.js'
import type { RedisLine } from './line.js'
import type { NodeRegistry } from './node-registry.js'

/** What the control of one node is made from. */
export interface ControlParts {
  readonly line: RedisLine
  /** Name of the node. */
  readonly node: string
  readonly registry: NodeRegistry
  readonly handler: ControlHandler
}

/**
 * Words between nodes. All topics are of one partition, so that one connection carries what one node says and one what
 * another hears: words stay in order, whether they are for one node or for all.
 */
export class RedisControl implements Control {
  readonly node: string
  private readonly topic: string
  private joining: Promise<void> | undefined
  private closed = false

  constructor(private readonly parts: ControlParts) {
    this.node = parts.node
    this.topic = parts.line.partitionKey('c', 0)
  }

  /** Hears, then is there for the others to find: who is among the others has heard whatever was said to all. */
  join(): Promise<void> {
    this.joining ??= this.listen().catch((error: unknown) => {
      this.joining = undefined
      throw error
    })
    return this.joining
  }

  async others(): Promise<readonly string[]> {
    await this.join()
    return this.parts.registry.others()
  }

  async broadcast(text: string): Promise<void> {
    await this.say(this.topic, text)
  }

  async send(node: string, text: string): Promise<void> {
    if (node !== this.node) await this.say(this.topicOf(node), text)
  }

  /** Hears nothing any more, and is not among the others. */
  async close(): Promise<void> {
    this.closed = true
    const { line, registry } = this.parts
    const topics = [this.topic, this.topicOf(this.node)]
    await Promise.all([registry.leave(), ...topics.map((topic) => line.unlisten(topic, this.heard))])
  }

  private async listen(): Promise<void> {
    const { line, registry } = this.parts
    await Promise.all([line.listen(this.topic, this.heard), line.listen(this.topicOf(this.node), this.heard)])
    if (!this.closed) await registry.join()
  }

  private async say(topic: string, text: string): Promise<void> {
    await this.parts.line.say(topic, `1 ${this.node}\n${text}`)
  }

  private topicOf(node: string): string {
    return `${this.topic}:${node}`
  }

  private readonly heard = (word: string): void => {
    const end = word.indexOf('\n')
    const [version, from] = word.slice(0, end).split(' ')
    // Of another version, or its own word to all.
    if (version !== '1' || from === undefined || from === this.node || this.closed) return
    this.parts.handler.heard(from, word.slice(end + 1))
  }
}
