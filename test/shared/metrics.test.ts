import { expect, test } from 'vitest'
import { createMetrics } from '../../shared/metrics.ts'

test('renders the text format, buckets cumulative and labels quoted', () => {
  const metrics = createMetrics()
  metrics.counter('c_total', 'counts').add({ a: 'x"\n' })
  metrics.counter('c_total', 'counts').add({ a: 'x"\n' }, 2)
  metrics.gauge('g', 'level').set({}, 0.5)
  const histogram = metrics.histogram('h_seconds', 'times', [0.1, 1])
  histogram.observe({ r: 'a' }, 0.05)
  histogram.observe({ r: 'a' }, 0.5)
  histogram.observe({ r: 'a' }, 5)
  expect(metrics.render()).toBe(`# HELP c_total counts
# TYPE c_total counter
c_total{a="x\\"\\n"} 3
# HELP g level
# TYPE g gauge
g 0.5
# HELP h_seconds times
# TYPE h_seconds histogram
h_seconds_bucket{r="a",le="0.1"} 1
h_seconds_bucket{r="a",le="1"} 2
h_seconds_bucket{r="a",le="+Inf"} 3
h_seconds_sum{r="a"} 5.55
h_seconds_count{r="a"} 3
`)
})
