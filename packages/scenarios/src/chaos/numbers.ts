import type { Metric, Metrics } from '@org/realtime-server'

/** Metrics of a server that its runner can ask for. */
export class Numbers implements Metrics {
  private readonly metrics = new Map<string, Metric>()

  register(metric: Metric): void {
    this.metrics.set(metric.name, metric)
  }

  distribution(): () => void {
    return () => undefined
  }

  /** Value of a metric without labels. */
  read(name: string): number {
    const value = this.metrics.get(name)?.read()
    if (typeof value !== 'number') throw new Error(`there is no number ${name}`)
    return value
  }
}
