import type { Metrics } from '../ports/index.js'

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** A number with parts, each under a word of ours: there are as many as there are words. */
export class Parts {
  readonly parts = new Map<string, number>()

  add(part: string): void {
    this.parts.set(part, (this.parts.get(part) ?? 0) + 1)
  }
}

/** What there is at the moment. */
export interface LineCensus {
  /** Connections that are ready, by what they are for. */
  readonly connections: ReadonlyMap<string, number>
  readonly inFlight: number
  /** Topics that Redis has acknowledged. */
  readonly topics: number
}

/** All that a line counts. */
export class LineInstruments {
  /** Commands taken. */
  commands = 0
  /** Connections that were lost, or could not be made. */
  readonly losses = new Parts()
  /** Errors that were answered with another try, or with the failure of the call, by what they mean. */
  readonly retries = new Parts()
  /** Calls that failed without an answer, by the bound they met. */
  readonly failures = new Parts()
  /** Times everything was verified. */
  resyncs = 0
  /** Records how long a call took that was done, in seconds. */
  readonly took: (seconds: number) => void

  constructor(metrics: Metrics, census: () => LineCensus) {
    const counter = (name: string, help: string, read: () => number | ReadonlyMap<string, number>, label?: string) =>
      metrics.register({ type: 'counter', name: `realtime_redis_${name}`, help, read, ...(label ? { label } : {}) })
    const gauge = (name: string, help: string, read: () => number | ReadonlyMap<string, number>, label?: string) =>
      metrics.register({ type: 'gauge', name: `realtime_redis_${name}`, help, read, ...(label ? { label } : {}) })

    gauge('connections', 'Connections to Redis that are ready.', () => census().connections, 'use')
    gauge('in_flight', 'Commands that are under way.', () => census().inFlight)
    gauge('topics', 'Topics that Redis sends to this process.', () => census().topics)
    counter('commands_total', 'Commands given to Redis.', () => this.commands)
    counter('errors_total', 'Errors of commands, by what they mean.', () => this.retries.parts, 'kind')
    counter('failures_total', 'Commands given up, by the bound they met.', () => this.failures.parts, 'bound')
    counter('losses_total', 'Connections that were lost or not made.', () => this.losses.parts, 'use')
    counter('resyncs_total', 'Times all positions were verified.', () => this.resyncs)
    this.took = metrics.distribution({
      name: 'realtime_redis_call_duration_seconds',
      help: 'Time until Redis had done a call, tries and waits included.',
      buckets: SECONDS,
    })
  }
}
