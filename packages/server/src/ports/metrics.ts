/** What a number is, whoever shows it. */
export interface MetricInfo {
  /** Name as in Prometheus, such as `realtime_connections`. */
  readonly name: string
  /** What it counts, in a sentence. */
  readonly help: string
}

/** A number that is read when somebody asks for it. Counting costs an addition, whether anybody asks or not. */
export interface Metric extends MetricInfo {
  /** A counter only grows; a gauge goes both ways. */
  readonly type: 'counter' | 'gauge'
  /** Name of the label that tells the parts of the number apart, if it has parts. */
  readonly label?: string
  /** The number now; its parts by label where there is a label. */
  read(): number | ReadonlyMap<string, number>
}

/** How values are spread. */
export interface Distribution extends MetricInfo {
  /** Upper bounds of the buckets, ascending. */
  readonly buckets: readonly number[]
}

/**
 * Where the numbers of a node go. Each name is registered once. Labels are few by design: never a channel, a user or a
 * session, or the number of series would be in the hands of strangers. Methods must not throw while the node runs.
 */
export interface Metrics {
  /** Takes in a number to be read. */
  register(metric: Metric): void
  /** Takes in a distribution. @returns What records one value. */
  distribution(info: Distribution): (value: number) => void
}

/** Metrics that nobody reads. The default. */
export const NO_METRICS: Metrics = { register: () => undefined, distribution: () => () => undefined }
