import { Connection, type Address } from './connection.js'
import { FunctionNames, type FunctionLibrary } from './functions.js'
import type { CallOptions, Hear, LineHandler, RedisLine } from './line.js'
import { PARTITIONS, partitionOf, partitionOfKey, slotOf, tagOf } from './partitions.js'
import type { RedisSettings } from './settings.js'

/** Connections to one master: one for commands, one for topics. */
interface Master {
  readonly commands: Promise<Connection>
  readonly topics: Promise<Connection>
}

/** The line over real connections. */
export class ConnectedLine implements RedisLine {
  readonly publishCommand: 'publish' | 'spublish'
  private readonly names: FunctionNames
  private readonly masters = new Map<string, Master>()
  private readonly hearers = new Map<string, Set<Hear>>()
  private readonly handlers = new Set<LineHandler>()
  private owners: Promise<readonly string[]> | undefined

  constructor(
    private readonly settings: RedisSettings,
    private readonly libraries: readonly FunctionLibrary[],
  ) {
    this.names = new FunctionNames(libraries)
    this.publishCommand = settings.isCluster ? 'spublish' : 'publish'
  }

  partitionOf(name: string): number {
    return partitionOf(name)
  }

  key(kind: string, name: string): string {
    return `${this.settings.keyPrefix}rt1:{${tagOf(partitionOf(name))}}:${kind}:${name}`
  }

  partitionKey(kind: string, partition: number): string {
    return `${this.settings.keyPrefix}rt1:{${tagOf(partition)}}:${kind}`
  }

  async call(
    fn: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    _options?: CallOptions,
  ): Promise<unknown> {
    const [first] = keys
    if (first === undefined) throw new TypeError(`${fn}: a call needs a key, which says where it runs`)
    const { commands } = await this.masterOf(first)
    return (await commands).send('fcall', [this.names.inRedis(fn), keys.length, ...keys, ...args])
  }

  async listen(topic: string, hear: Hear): Promise<void> {
    const hearers = this.hearers.get(topic)
    if (hearers) hearers.add(hear)
    else this.hearers.set(topic, new Set([hear]))
    const { topics } = await this.masterOf(topic)
    await (await topics).send(this.settings.isCluster ? 'ssubscribe' : 'subscribe', [topic])
  }

  async unlisten(topic: string, hear: Hear): Promise<void> {
    const hearers = this.hearers.get(topic)
    hearers?.delete(hear)
    if (hearers?.size !== 0) return
    this.hearers.delete(topic)
    const { topics } = await this.masterOf(topic)
    await (await topics).send(this.settings.isCluster ? 'sunsubscribe' : 'unsubscribe', [topic])
  }

  async say(topic: string, text: string): Promise<void> {
    const { commands } = await this.masterOf(topic)
    await (await commands).send(this.publishCommand, [topic, text])
  }

  watch(handler: LineHandler): () => void {
    this.handlers.add(handler)
    return () => void this.handlers.delete(handler)
  }

  async close(): Promise<void> {
    const masters = [...this.masters.values()]
    this.masters.clear()
    for (const { commands, topics } of masters) {
      for (const connection of [commands, topics]) (await connection.catch(() => undefined))?.hangup()
    }
  }

  private async masterOf(key: string): Promise<Master> {
    this.owners ??= this.find()
    const owner = (await this.owners)[partitionOfKey(key)]
    if (!owner) throw new Error(`no master serves ${key}`)
    return this.master(owner)
  }

  private master(owner: string): Master {
    const known = this.masters.get(owner)
    if (known) return known
    const address = {
      host: owner.slice(0, owner.lastIndexOf(':')),
      port: Number(owner.slice(owner.lastIndexOf(':') + 1)),
    }
    const master = { commands: this.dial(address, true), topics: this.dial(address, false) }
    this.masters.set(owner, master)
    return master
  }

  private async dial(address: Address, isForCommands: boolean): Promise<Connection> {
    const connection = new Connection(address, this.settings.ioredis)
    connection.onText = (topic, text) => {
      for (const hear of this.hearers.get(topic) ?? []) hear(text)
    }
    await connection.open()
    if (isForCommands) for (const library of this.libraries) await load(connection, library)
    return connection
  }

  /** The master of each partition. */
  private async find(): Promise<readonly string[]> {
    const [seed] = this.settings.seeds
    if (!seed) throw new Error('there is no address')
    if (!this.settings.isCluster) return Array.from({ length: PARTITIONS }, () => `${seed.host}:${seed.port}`)
    const connection = new Connection(seed, this.settings.ioredis)
    await connection.open()
    const ranges = (await connection.send('cluster', ['slots'])) as [number, number, [string, number]][]
    connection.hangup()
    return Array.from({ length: PARTITIONS }, (_, partition) => {
      const slot = slotOf(partition)
      const range = ranges.find(([from, to]) => from <= slot && slot <= to)
      return range ? `${range[2][0]}:${range[2][1]}` : ''
    })
  }
}

async function load(connection: Connection, { code }: FunctionLibrary): Promise<void> {
  try {
    await connection.send('function', ['load', code])
  } catch (error) {
    if (!(error instanceof Error && /already exists/.test(error.message))) throw error
  }
}
