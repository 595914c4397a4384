import { Counter, Gauge, Histogram, register as globalRegister, type Registry } from 'prom-client'
import type { Metric, Metrics } from '../ports/index.js'

/** Where and how the numbers appear. */
export interface PrometheusOptions {
  /** Registry of prom-client. Default: its global one. */
  readonly register?: Registry
  /** Labels on every number, such as `{ node: 'a' }`. Default: none. */
  readonly labels?: Readonly<Record<string, string>>
}

/**
 * Has a server count into a registry of prom-client, which must be installed. Numbers are read when they are scraped;
 * durations are recorded as they happen. A registry serves one server: a second one needs a registry of its own.
 *
 * @throws Error of prom-client when a name is registered already.
 */
export function prometheus({ register = globalRegister, labels = {} }: PrometheusOptions = {}): Metrics {
  const names = Object.keys(labels)
  const registers = [register]
  return {
    register(metric) {
      const { name, help, label } = metric
      const info = { name, help, registers, labelNames: label === undefined ? names : [...names, label] }
      const each = (take: (labels: Readonly<Record<string, string>>, value: number) => void) => {
        for (const [part, value] of partsOf(metric)) {
          take(label === undefined ? labels : { ...labels, [label]: part }, value)
        }
      }
      if (metric.type === 'gauge') {
        new Gauge({ ...info, collect: collectGauge })
        function collectGauge(this: Gauge) {
          each((all, value) => this.set(all, value))
        }
      } else {
        new Counter({ ...info, collect: collectCounter })
        // The node counts; what the registry shows is its count, not a sum of scrapes.
        function collectCounter(this: Counter) {
          this.reset()
          each((all, value) => this.inc(all, value))
        }
      }
    },
    distribution({ name, help, buckets }) {
      const histogram = new Histogram({ name, help, labelNames: names, registers, buckets: [...buckets] })
      return (value) => histogram.observe(labels, value)
    },
  }
}

function partsOf(metric: Metric): Iterable<readonly [part: string, value: number]> {
  const value = metric.read()
  return typeof value === 'number' ? [['', value]] : value
}
