export { prometheus, type PrometheusOptions } from './prometheus.js'
export type { Distribution, Metric, MetricInfo, Metrics } from '../ports/metrics.js'
