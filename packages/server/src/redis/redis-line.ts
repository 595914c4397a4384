import { Caller } from './caller.js'
import type { Connection } from './connection.js'
import { LineError } from './errors.js'
import { LINE } from './functions/line.js'
import { FunctionNames, type FunctionLibrary } from './functions.js'
import { Health } from './health.js'
import { LineInstruments } from './line-instruments.js'
import type { CallOptions, Hear, LineHandler, RedisLine } from './line.js'
import { Master } from './master.js'
import { PARTITIONS, partitionOf, partitionOfKey, tagOf } from './partitions.js'
import type { LineParts, RedisSettings } from './settings.js'
import { checkMaster, explained, loadLibraries } from './startup.js'
import { Topics } from './topics.js'
import { Topology, unserved } from './topology.js'
import { judge } from './verdict.js'

/** Where the layout of all that is stored stands. */
const LAYOUT_PARTITION = 0
/** Wait before topics are asked for again that Redis did not take. */
const ASK_AGAIN_MS = 100
/** The same when somebody has to change something first. */
const REFUSED_MS = 5_000

/** The line over real connections: one for commands and one for topics to each master. */
export class ConnectedLine implements RedisLine {
  readonly publishCommand: 'publish' | 'spublish'
  private readonly isSharded: boolean
  private readonly libraries: readonly FunctionLibrary[]
  private readonly names: FunctionNames
  private readonly masters = new Map<string, Master>()
  private readonly topics = new Topics()
  private readonly health: Health
  private readonly topology: Topology
  private readonly caller: Caller
  private readonly instruments: LineInstruments
  /** Tells our probes from those of other processes. */
  private readonly id: string
  private hasSaidMode = false
  private isOpen = false
  /** Every master is connected to, whether there is something to do there or not. */
  private isEager = false

  constructor(
    private readonly settings: RedisSettings,
    private readonly parts: LineParts,
    libraries: readonly FunctionLibrary[],
  ) {
    this.libraries = [LINE, ...libraries]
    this.names = new FunctionNames(this.libraries)
    this.isSharded = settings.mode === 'cluster'
    this.publishCommand = this.isSharded ? 'spublish' : 'publish'
    this.id = parts.random.id()
    this.instruments = new LineInstruments(parts.metrics, () => this.census())
    this.health = new Health(parts, () => (this.instruments.resyncs += 1))
    this.topology = new Topology(settings, parts, {
      changed: (partitions, wasKnown) => this.reowned(partitions, wasKnown),
      known: (trouble) => (trouble ? this.health.trouble('topology', trouble) : this.health.fine('topology')),
    })
    this.caller = new Caller(
      {
        now: (partition) => this.masterOf(partition)?.commands.connection,
        soon: (partition) => this.soon(partition),
        at: (address) => this.master(this.topology.found(address)).commands.whenUp(),
        learn: (partition, address) => this.topology.learn(partition, address),
        doubt: () => void this.topology.look(),
        demoted: (connection) => this.demoted(connection),
        load: (connection) => loadLibraries(connection, this.libraries),
      },
      settings,
      parts,
      this.instruments,
    )
  }

  partitionOf(name: string): number {
    return partitionOf(name)
  }

  key(kind: string, name: string): string {
    return `${this.partitionKey(kind, partitionOf(name))}:${name}`
  }

  partitionKey(kind: string, partition: number): string {
    const { keyPrefix, db } = this.settings
    // Topics of a Redis know no databases: those of another one are told apart by their names.
    return `${keyPrefix}rt1:${db === 0 ? '' : `${db}:`}{${tagOf(partition)}}:${kind}`
  }

  open(): void {
    this.begin()
    this.isEager = true
    for (const name of this.topology.masters) this.master(name).commands.start()
  }

  async call(
    fn: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    options?: CallOptions,
  ): Promise<unknown> {
    const [first] = keys
    if (first === undefined) throw new TypeError(`${fn}: a call needs a key, which says where it runs`)
    const tagged = first.slice(0, first.indexOf('}') + 1)
    const stray = keys.find((key) => !key.startsWith(tagged))
    if (stray !== undefined) throw new TypeError(`${fn}: ${stray} is not in the partition of ${first}`)
    const name = this.names.inRedis(fn)
    this.begin()
    return this.caller.run(partitionOfKey(first), 'fcall', [name, keys.length, ...keys, ...args], options)
  }

  async say(topic: string, text: string): Promise<void> {
    this.begin()
    await this.caller.run(partitionOfKey(topic), this.publishCommand, [topic, text], { once: true })
  }

  async listen(topic: string, hear: Hear): Promise<void> {
    this.begin()
    const partition = partitionOfKey(topic)
    this.topics.add(topic, hear)
    const master = this.masterOf(partition)
    master?.topics.start()
    if (master?.ear.hears(topic)) return
    const { promise, fail } = this.topics.acknowledged(topic)
    const refusal = master ? master.topics.refusal : this.topology.refusal
    if (refusal) fail(refusal)
    else master?.ear.check(topic)
    const { deadlineMs } = this.settings
    const timer = this.parts.clock.setTimer(
      () => fail(new LineError('UNAVAILABLE', `Redis did not acknowledge a topic within ${deadlineMs} ms`)),
      deadlineMs,
    )
    try {
      await promise
    } catch (error) {
      await this.unlisten(topic, hear)
      throw error
    } finally {
      this.parts.clock.clearTimer(timer)
    }
  }

  async unlisten(topic: string, hear: Hear): Promise<void> {
    if (this.topics.remove(topic, hear)) this.masterOf(partitionOfKey(topic))?.ear.check(topic)
  }

  watch(handler: LineHandler): () => void {
    const off = this.health.watch(handler)
    if (this.isOpen) handler.opened?.()
    return off
  }

  async close(): Promise<void> {
    this.isOpen = this.isEager = false
    this.caller.close()
    this.topology.stop()
    for (const master of this.masters.values()) master.stop()
    this.masters.clear()
    this.health.reset()
  }

  private begin(): void {
    if (this.isOpen) return
    this.isOpen = true
    this.topology.start()
    this.health.opened()
  }

  private masterOf(partition: number): Master | undefined {
    const owner = this.topology.ownerOf(partition)
    return owner === undefined ? undefined : this.master(owner)
  }

  private async soon(partition: number): Promise<Connection> {
    if (this.topology.ownerOf(partition) === undefined) await this.topology.look()
    const master = this.masterOf(partition)
    if (!master) throw this.topology.refusal ?? unserved(partition)
    return master.commands.whenUp()
  }

  private master(name: string): Master {
    const known = this.masters.get(name)
    if (known) return known
    const owns = (partition: number): boolean => this.topology.ownerOf(partition) === name
    const partitions = (): number[] => Array.from({ length: PARTITIONS }, (_, partition) => partition).filter(owns)
    const all = (): string[] => partitions().flatMap((partition) => [...this.topics.in(partition)])
    const master: Master = new Master(
      name,
      {
        isSharded: this.isSharded,
        prepare: (connection) => this.prepare(connection, partitions()),
        probeTopic: () => {
          const [partition] = partitions()
          return partition === undefined ? undefined : `${this.partitionKey('probe', partition)}:${this.id}`
        },
        probe: (topic, text) => this.probe(topic, text),
        text: (topic, text) => this.topics.hear(topic, text),
        returned: () => this.health.resync(),
        trouble: (part, error) => {
          if (this.topology.masters.has(name)) this.trouble(part, error)
          // A call was sent there, of a slot that has not arrived: whoever serves nothing is missed by nobody.
          else this.drop(name, master)
        },
        denied: (refusal) => this.topics.fail(all(), refusal),
        fine: (part) => this.health.fine(part),
        moved: () => this.topology.look(),
        wants: (topic) => owns(partitionOfKey(topic)) && this.topics.has(topic),
        all,
        heard: (topics) => this.topics.settle(topics),
        refused: (topics, error, connection) => this.refused(master, topics, error, connection),
      },
      this.settings,
      this.parts,
    )
    this.masters.set(name, master)
    return master
  }

  private drop(name: string, master: Master): void {
    this.masters.delete(name)
    master.stop()
  }

  private async prepare(connection: Connection, partitions: readonly number[]): Promise<void> {
    const [own] = partitions
    const facts = await checkMaster(connection, {
      settings: this.settings,
      libraries: this.libraries,
      publishCommand: this.publishCommand,
      ownKey: own === undefined ? undefined : this.partitionKey('check', own),
      layoutKey: partitions.includes(LAYOUT_PARTITION) ? this.partitionKey('layout', LAYOUT_PARTITION) : undefined,
    })
    if (this.hasSaidMode) return
    this.hasSaidMode = true
    const { mode } = this.settings
    this.parts.logger.info('connected to Redis', { ...facts, mode })
    if (mode !== 'single') {
      this.parts.logger.info(
        `failover by ${mode === 'cluster' ? 'a Cluster' : 'Sentinel'} is not proven by our tests yet`,
      )
    }
  }

  /** Publishes by a function, as broker and stores do. That Redis is full, or wants more replicas, is no trouble of the way. */
  private async probe(topic: string, text: string): Promise<void> {
    const owner = this.topology.ownerOf(partitionOfKey(topic))
    const part = `publications to ${owner}`
    const { commandTimeoutMs } = this.settings
    try {
      await this.call('line.probe', [topic], [this.publishCommand, text], { deadlineMs: commandTimeoutMs })
      this.health.fine(part)
    } catch (error) {
      // Of a master that serves the topic no more nobody would ever say that it works again.
      const isOwned = owner !== undefined && this.topology.ownerOf(partitionOfKey(topic)) === owner
      if (isOwned && judge(error instanceof Error ? (error.cause ?? error) : error).kind !== 'unwilling') {
        this.trouble(part, error instanceof Error ? error : new Error(String(error)))
      }
      throw error
    }
  }

  private trouble(part: string, error: Error): void {
    this.instruments.losses.add(part.split(' ')[0] ?? part)
    this.health.trouble(part, error)
    void this.topology.look()
  }

  private demoted(connection: Connection): void {
    for (const { commands } of this.masters.values()) {
      if (commands.connection === connection) commands.giveUp(connection, new Error('this Redis is no master any more'))
    }
    void this.topology.look()
  }

  private refused(master: Master, topics: readonly string[], error: unknown, connection: Connection): void {
    const verdict = judge(error)
    // The next connection asks for them again.
    if (verdict.kind === 'lost') return
    const isForbidden = verdict.kind === 'configuration'
    if (isForbidden) this.topics.fail(topics, explained(error))
    if (verdict.kind === 'moved') {
      for (const topic of topics) this.topology.learn(partitionOfKey(topic), verdict.address)
    }
    this.parts.clock.setTimer(
      () => {
        if (master.topics.connection === connection) for (const topic of topics) master.ear.check(topic)
      },
      isForbidden ? REFUSED_MS : ASK_AGAIN_MS,
    )
  }

  /** Partitions have another master: their topics go there, and what was published on the way may be lost. */
  private reowned(partitions: readonly number[], wasKnown: boolean): void {
    const owners = this.topology.masters
    for (const [name, master] of this.masters) {
      if (!owners.has(name)) this.drop(name, master)
    }
    for (const partition of partitions) {
      const topics = [...this.topics.in(partition)]
      if (topics.length === 0) continue
      this.masterOf(partition)?.topics.start()
      if (wasKnown) this.masterOf(partition)?.ear.expectMore()
      for (const { ear } of this.masters.values()) for (const topic of topics) ear.check(topic)
    }
    for (const master of this.masters.values()) master.ownsOther()
    if (this.isEager) this.open()
  }

  private census(): { connections: ReadonlyMap<string, number>; inFlight: number; topics: number } {
    const masters = [...this.masters.values()]
    const ready = (use: 'commands' | 'topics') => masters.filter((master) => master[use].connection).length
    return {
      connections: new Map([
        ['commands', ready('commands')],
        ['topics', ready('topics')],
      ]),
      inFlight: this.caller.inFlight,
      topics: masters.reduce((sum, { ear }) => sum + ear.size, 0),
    }
  }
}
