/** Counters, gauges and histograms in Prometheus' text format; a library for it costs a cold start 20 ms. */

/** Label values by name; every call of one metric names the same labels. */
export type Labels = Readonly<Record<string, string>>

/** Only ever grows. */
export interface Counter {
  add(labels: Labels, by?: number): void
}

/** Goes up and down. */
export interface Gauge {
  set(labels: Labels, value: number): void
}

/** Counts observations in buckets of seconds. */
export interface Histogram {
  observe(labels: Labels, seconds: number): void
}

/** The metrics of one process. */
export interface Metrics {
  counter(name: string, help: string): Counter
  gauge(name: string, help: string): Gauge
  histogram(name: string, help: string, buckets?: readonly number[]): Histogram
  /** The exposition, `text/plain; version=0.0.4`. */
  render(): string
}

/** From 1 ms to 10 s, the range of the platform's budgets. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface Family {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  lines: () => string[]
}

/** Makes an empty registry. Asking for a name again returns the same metric. */
export function createMetrics(): Metrics {
  const families = new Map<string, Family & { api: unknown }>()

  function family<T>(
    name: string,
    help: string,
    type: Family['type'],
    make: () => { api: T; lines: () => string[] },
  ): T {
    const known = families.get(name)
    if (known) return known.api as T
    const made = make()
    families.set(name, { name, help, type, ...made })
    return made.api
  }

  const scalar = (name: string) => {
    const values = new Map<string, number>()
    return {
      values,
      lines: () => [...values].map(([labels, value]) => `${name}${labels} ${value}`),
    }
  }

  return {
    counter: (name, help) =>
      family<Counter>(name, help, 'counter', () => {
        const { values, lines } = scalar(name)
        return {
          lines,
          api: {
            add(labels, by = 1) {
              const key = render(labels)
              values.set(key, (values.get(key) ?? 0) + by)
            },
          },
        }
      }),
    gauge: (name, help) =>
      family<Gauge>(name, help, 'gauge', () => {
        const { values, lines } = scalar(name)
        return { lines, api: { set: (labels, value) => void values.set(render(labels), value) } }
      }),
    histogram: (name, help, buckets = BUCKETS) =>
      family<Histogram>(name, help, 'histogram', () => createHistogram(name, buckets)),
    render: () =>
      [...families.values()]
        .map(({ name, help, type, lines }) =>
          [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines()].join('\n'),
        )
        .concat('')
        .join('\n'),
  }
}

function createHistogram(
  name: string,
  buckets: readonly number[],
): { api: Histogram; lines: () => string[] } {
  const series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>()
  return {
    api: {
      observe(labels, seconds) {
        const key = render(labels)
        let entry = series.get(key)
        if (!entry) {
          entry = { labels, counts: buckets.map(() => 0), sum: 0, count: 0 }
          series.set(key, entry)
        }
        entry.sum += seconds
        entry.count += 1
        const index = buckets.findIndex(bound => seconds <= bound)
        if (index >= 0) entry.counts[index] = (entry.counts[index] ?? 0) + 1
      },
    },
    lines: () =>
      [...series].flatMap(([key, { labels, counts, sum, count }]) => {
        let total = 0
        const rows = buckets.map((bound, index) => {
          total += counts[index] ?? 0
          return `${name}_bucket${render({ ...labels, le: String(bound) })} ${total}`
        })
        return [
          ...rows,
          `${name}_bucket${render({ ...labels, le: '+Inf' })} ${count}`,
          `${name}_sum${key} ${sum}`,
          `${name}_count${key} ${count}`,
        ]
      }),
  }
}

function render(labels: Labels): string {
  let pairs = ''
  for (const key in labels)
    pairs += `${pairs === '' ? '{' : ','}${key}="${quote(labels[key] ?? '')}"`
  return pairs === '' ? '' : `${pairs}}`
}

/** Every request renders labels, and hardly any value has a character to escape. */
const quote = (value: string): string =>
  /["\\\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value
