import { addressOf } from './address.js'
import { Connection, type Target } from './connection.js'
import { Ear, type Wants } from './ear.js'
import type { LineError } from './errors.js'
import { Keeper } from './keeper.js'
import { Probe } from './probe.js'
import { dialing, type LineParts, type RedisSettings } from './settings.js'
import { explained } from './startup.js'

/** Whom the connections to a master ask and tell. */
export interface MasterHost extends Omit<Wants, 'whole'> {
  /** Gets a connection for commands ready. */
  prepare(connection: Connection): Promise<void>
  /** The topic that the connection for topics is probed with; undefined while this master serves nothing. */
  probeTopic(): string | undefined
  /** Publishes to it, as publications are. */
  probe(topic: string, text: string): Promise<unknown>
  /** A text has arrived. */
  text(topic: string, text: string): void
  /** Another history may serve what this master serves. */
  returned(): void
  /** Part of it does not work. */
  trouble(part: string, error: Error): void
  /** Redis will not let us listen until somebody changes something. */
  denied(refusal: LineError): void
  /** Part of it works. */
  fine(part: string): void
  /** Redis says that something is elsewhere now. Resolves when it is known what is where. */
  moved(): Promise<void>
}

/** The connections to one master: one for commands, and one for topics once somebody listens. */
export class Master {
  readonly commands: Keeper
  readonly topics: Keeper
  readonly ear: Ear
  private readonly probe: Probe
  private probeTopic: string | undefined

  constructor(
    readonly name: string,
    private readonly host: MasterHost,
    private readonly settings: RedisSettings,
    parts: LineParts,
  ) {
    const topics = `topics of ${name}`
    this.ear = new Ear({
      ...host,
      // Only now is everything heard that is published.
      whole: (wasAway) => {
        if (wasAway) host.returned()
        host.fine(topics)
      },
    })
    this.probe = new Probe({ say: (text) => this.say(text), deaf: () => this.deaf() }, settings, parts)
    const commands = `commands of ${name}`
    this.commands = new Keeper(
      {
        make: () => new Connection(this.target(), dialing(settings)),
        prepare: (connection) => host.prepare(connection),
        up: (_connection, isAgain) => {
          if (isAgain) host.returned()
          host.fine(commands)
        },
        down: (error) => host.trouble(commands, error),
      },
      settings,
      parts,
    )
    this.topics = new Keeper(
      {
        make: () => this.makeEar(),
        prepare: (connection) => this.listenToProbe(connection),
        up: (connection, isAgain) => {
          this.ear.up(connection, isAgain)
          this.probe.start()
        },
        down: (error) => {
          this.ear.down()
          this.probe.stop()
          host.trouble(topics, error)
          if (this.topics.refusal) host.denied(this.topics.refusal)
        },
      },
      settings,
      parts,
    )
  }

  /** Lets go of both connections. */
  stop(): void {
    this.probe.stop()
    this.ear.down()
    this.commands.stop()
    this.topics.stop()
    for (const part of ['commands of', 'topics of', 'publications to']) this.host.fine(`${part} ${this.name}`)
  }

  /** What it serves has changed: the probe goes where it can be heard. */
  ownsOther(): void {
    const { connection } = this.topics
    if (connection && this.host.probeTopic() !== this.probeTopic) {
      this.listenToProbe(connection).catch((error: unknown) => this.topics.giveUp(connection, explained(error)))
    }
  }

  private target(): Target {
    const { mode, seeds, sentinelName = '', sentinelAuth, natMap, tls } = this.settings
    if (mode === 'cluster') return addressOf(this.name)
    const [seed] = seeds
    if (mode === 'single' && seed) return seed
    return {
      sentinels: [...seeds],
      name: sentinelName,
      sentinelRetryStrategy: () => null,
      failoverDetector: true,
      natMap: Object.fromEntries(Object.entries(natMap).map(([from, to]) => [from, addressOf(to)])),
      // What it is called in ioredis: by these, Sentinels and the Redis behind them are both spoken to by TLS.
      ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: { ...tls, rejectUnauthorized: true } }),
      ...(sentinelAuth.username !== undefined && { sentinelUsername: sentinelAuth.username }),
      ...(sentinelAuth.password !== undefined && { sentinelPassword: sentinelAuth.password }),
    }
  }

  private makeEar(): Connection {
    const connection = new Connection(this.target(), dialing(this.settings))
    connection.onText = (topic, text) => {
      if (topic === this.probeTopic) this.probe.heard(text)
      else this.host.text(topic, text)
    }
    let isAsking = false
    connection.onMoved = () => {
      if (isAsking) return
      isAsking = true
      void this.host.moved().then(() => {
        isAsking = false
        if (connection === this.topics.connection) this.ear.askAgain()
      })
    }
    return connection
  }

  private async listenToProbe(connection: Connection): Promise<void> {
    const topic = this.host.probeTopic()
    if (topic === undefined) return
    this.probeTopic = topic
    try {
      const { isSharded } = this.host
      await connection.send(isSharded ? 'ssubscribe' : 'subscribe', [topic])
      // Who may begin, and not end, would have topics pile up.
      await connection.send(isSharded ? 'sunsubscribe' : 'unsubscribe', [`${topic}:none`])
    } catch (error) {
      void this.host.moved()
      throw error
    }
  }

  private say(text: string): Promise<unknown> {
    return this.probeTopic === undefined
      ? Promise.reject(new Error('nothing to probe'))
      : this.host.probe(this.probeTopic, text)
  }

  private deaf(): void {
    const { connection } = this.topics
    if (connection) this.topics.giveUp(connection, new Error('the connection for topics hears nothing any more'))
  }
}
