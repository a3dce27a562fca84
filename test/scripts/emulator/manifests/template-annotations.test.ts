/** The annotations of a template, most of them about autoscaling. */
import { expect, test } from 'vitest'
import { ANNOTATIONS, failure, type Parts, type Refusal, SERVICE, said } from './fixture.ts'

const auto = (name: string, value: string): Parts => ({
  template: { annotations: { [`autoscaling.knative.dev/${name}`]: value } },
})
const autoField = (name: string): string => `${ANNOTATIONS}["autoscaling.knative.dev/${name}"]`

test.each<Refusal>([
  [
    'a progress deadline in words',
    { template: { annotations: { 'serving.knative.dev/progress-deadline': 'soon' } } },
    `invalid value: soon: ${ANNOTATIONS}["serving.knative.dev/progress-deadline"]`,
  ],
  [
    'a whole sidecar',
    {
      template: { annotations: { 'queue.sidecar.serving.knative.dev/resourcePercentage': '101' } },
    },
    `expected 0.1 <= 101 <= 100: ${ANNOTATIONS}["queue.sidecar.serving.knative.dev/resourcePercentage"]`,
  ],
  [
    'an unknown class of ours',
    auto('class', 'x.autoscaling.knative.dev'),
    `invalid value: x.autoscaling.knative.dev: ${autoField('class')}`,
  ],
  ['cpu without the HPA', auto('metric', 'cpu'), `invalid value: cpu: ${autoField('metric')}`],
  [
    'a scale below nothing',
    auto('minScale', '-1'),
    `expected 0 <= -1 <= 2147483647: ${autoField('minScale')}`,
  ],
  ['a window of words', auto('window', 'long'), `invalid value: long: ${autoField('window')}`],
  [
    'a delay of two hours',
    auto('scale-down-delay', '2h'),
    `expected 0s <= 2h <= 1h0m0s: ${autoField('scale-down-delay')}`,
  ],
  [
    'an odd algorithm',
    {
      template: {
        annotations: {
          'autoscaling.knative.dev/class': 'kpa.autoscaling.knative.dev',
          'autoscaling.knative.dev/metric-aggregation-algorithm': 'median',
        },
      },
    },
    `invalid value: median: ${autoField('metric-aggregation-algorithm')}`,
  ],
])('%s is refused in the words of the webhook', (_wrong, parts, words) => {
  expect(said(parts)).toContain(words)
})

test.each([
  ['min-scale: "-1"', 'expected 0 <= -1 <= 2147483647'],
  ['min-scale: many', 'invalid value: many'],
  ['initial-scale: "-1"', 'invalid value: -1'],
  ['activation-scale: "1"', 'min-activate-scale=1 must be greater than 1'],
  ['target: "0"', 'target 0 should be at least 0.01'],
  ['target-utilization-percentage: "101"', 'expected 1 <= 101 <= 100'],
  ['window: 5s', 'expected 6s <= 5s <= 1h0m0s'],
  ['window: 6500ms', 'must be specified with at most second precision'],
  ['panic-threshold-percentage: "100"', 'expected 110 <= 100 <= 1000'],
  ['target-burst-capacity: "-0.5"', 'invalid value: -0.5'],
  ['metric: latency', 'invalid value: latency'],
])('the annotation %s is refused', (annotation, message) => {
  const annotations = `    metadata:\n      annotations:\n        autoscaling.knative.dev/${annotation}\n`
  const error = failure({ 'a.yaml': SERVICE.replace('    spec:\n', `${annotations}    spec:\n`) })
  expect(error.problems.map(problem => problem.message)).toContain(message)
})

test('min-scale above max-scale, and autoscaling annotations on the Service itself, are refused', () => {
  const annotations =
    '    metadata:\n      annotations: { autoscaling.knative.dev/minScale: "3", autoscaling.knative.dev/max-scale: "2" }\n'
  const error = failure({
    'a.yaml': SERVICE.replace('    spec:\n', `${annotations}    spec:\n`).replace(
      '  namespace: shop\n',
      '  annotations: { autoscaling.knative.dev/min-scale: "1" }\n',
    ),
  })
  expect(error.problems.map(problem => problem.message)).toEqual([
    'invalid key name "autoscaling.knative.dev/min-scale"',
    'max-scale=2 is less than min-scale=3',
  ])
})

test('bounds of scale that contradict each other are refused', () => {
  const annotations = (values: Record<string, string>): Parts => ({
    template: {
      annotations: Object.fromEntries(
        Object.entries(values).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value]),
      ),
    },
  })
  expect(said(annotations({ 'max-scale': '2', minScale: '3' }))).toEqual([
    `max-scale=2 is less than min-scale=3: ${autoField('max-scale')}, ${autoField('min-scale')}`,
  ])
  expect(said(annotations({ 'min-scale': '3', 'activation-scale': '2' }))).toEqual([
    `min-scale=3 is greater than min-activate-scale=2: ${autoField('activation-scale')}`,
  ])
  expect(said(annotations({ 'max-scale': '3', 'activation-scale': '4' }))).toEqual([
    `max-scale=3 is less than min-activate-scale=4: ${autoField('activation-scale')}`,
  ])
})
