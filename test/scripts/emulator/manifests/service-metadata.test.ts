/** The name, labels and annotations of a Service itself. */
import { expect, test } from 'vitest'
import { NO_LABEL, type Refusal, said } from './fixture.ts'

test.each<Refusal>([
  ['a name that is no label', { metadata: { name: 'Orders' } }, `${NO_LABEL}: metadata.name`],
  [
    'a name that is too long',
    { metadata: { name: 'a'.repeat(64) } },
    'not a DNS 1035 label: [must be no more than 63 characters]: metadata.name',
  ],
  [
    'an odd visibility',
    { metadata: { labels: { 'networking.knative.dev/visibility': 'public' } } },
    'invalid value: public: metadata.labels["networking.knative.dev/visibility"]',
  ],
  [
    "a label of Knative's own",
    { metadata: { labels: { 'serving.knative.dev/x': 'y' } } },
    'invalid key name "serving.knative.dev/x": metadata.labels',
  ],
  [
    'an unknown networking annotation',
    { metadata: { annotations: { 'networking.knative.dev/x': 'y' } } },
    'invalid key name "networking.knative.dev/x": metadata.annotations',
  ],
  [
    'autoscaling in the wrong place',
    { metadata: { annotations: { 'autoscaling.knative.dev/min-scale': '1' } } },
    'invalid key name "autoscaling.knative.dev/min-scale": metadata.annotations\nautoscaling annotations must be put under "spec.template.metadata.annotations" to work',
  ],
  [
    'half a second of rollout',
    { metadata: { annotations: { 'serving.knative.dev/rollout-duration': '500ms' } } },
    'rollout-duration=500ms is not at second precision: metadata.annotations["serving.knative.dev/rollout-duration"]',
  ],
  [
    'a rollout into the past',
    { metadata: { annotations: { 'serving.knative.dev/rolloutDuration': '-1s' } } },
    'rollout-duration=-1s must be positive: metadata.annotations["serving.knative.dev/rolloutDuration"]',
  ],
])('%s is refused in the words of the webhook', (_wrong, parts, words) => {
  expect(said(parts)).toContain(words)
})
