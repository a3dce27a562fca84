import { expect, test } from 'vitest'
import type { ManifestProblem } from '../../../../scripts/emulator/manifests/manifest-error.ts'
import { readJsonDocument } from '../../../../scripts/emulator/manifests/read-document.ts'

type Json = Record<string, unknown>

const MOUNT = { name: 'v', mountPath: '/data', readOnly: true }
const VOLUME = { name: 'v', secret: { secretName: 's' } }

interface Parts {
  metadata?: Json
  template?: Json
  spec?: Json
  container?: Json
  traffic?: unknown
}

function problems({ metadata, template, spec, container, traffic }: Parts): ManifestProblem[] {
  const { problems: found } = readJsonDocument(
    {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'orders', ...metadata },
      spec: {
        template: {
          ...(template && { metadata: template }),
          spec: { containers: [{ image: 'registry.test/orders', ...container }], ...spec },
        },
        ...(traffic !== undefined && { traffic }),
      },
    },
    'test',
  )
  return [...found]
}

/** As the webhook writes it: message, paths, details. */
const said = (parts: Parts): string[] =>
  problems(parts).map(({ message, field, details }) =>
    [`${message}: ${field}`, ...(details === undefined ? [] : [details])].join('\n'),
  )

const SPEC = 'spec.template.spec'
const CONTAINER = `${SPEC}.containers[0]`
const ANNOTATIONS = 'spec.template.metadata.annotations'
const auto = (name: string, value: string): Parts => ({
  template: { annotations: { [`autoscaling.knative.dev/${name}`]: value } },
})
const autoField = (name: string): string => `${ANNOTATIONS}["autoscaling.knative.dev/${name}"]`
const DNS =
  "not a DNS 1035 label: [a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')]"

const cases: [string, Parts, string][] = [
  [
    'an image that is none',
    { container: { image: 'Not An Image' } },
    `Failed to parse image reference: ${CONTAINER}.image\nimage: "Not An Image", error: could not parse reference: Not An Image`,
  ],
  ['a missing image', { container: { image: '' } }, `missing field(s): ${CONTAINER}.image`],
  [
    'a reserved container name',
    { container: { name: 'queue-proxy' } },
    `"queue-proxy" is a reserved container name: ${CONTAINER}.name`,
  ],
  [
    'a port of the sidecar',
    { container: { ports: [{ containerPort: 8012 }] } },
    `invalid value: 8012 is a reserved port: ${CONTAINER}.ports[0].containerPort\n8012 is a reserved port, please use a different value`,
  ],
  [
    'a port beyond all ports',
    { container: { ports: [{ containerPort: 65_536 }] } },
    `expected 0 <= 65536 <= 65535: ${CONTAINER}.ports[0].containerPort`,
  ],
  [
    'UDP',
    { container: { ports: [{ containerPort: 1, protocol: 'UDP' }] } },
    `invalid value: UDP: ${CONTAINER}.ports[0].protocol`,
  ],
  [
    'a port of the host',
    { container: { ports: [{ containerPort: 1, hostPort: 1 }] } },
    `must not set the field(s): ${CONTAINER}.ports[0].hostPort`,
  ],
  [
    'a port name of its own',
    { container: { ports: [{ containerPort: 1, name: 'grpc' }] } },
    `Port name grpc is not allowed: ${CONTAINER}.ports[0]\nName must be empty, or one of: 'h2c', 'http1'`,
  ],
  [
    'privileges',
    { container: { securityContext: { privileged: true } } },
    `must not set the field(s): ${CONTAINER}.securityContext.privileged`,
  ],
  [
    'more capabilities',
    { container: { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } } },
    `must not set the field(s): ${CONTAINER}.securityContext.capabilities.add`,
  ],
  [
    'a user out of range',
    { container: { securityContext: { runAsUser: 2 ** 31 } } },
    `expected 0 <= 2147483648 <= 2147483647: ${CONTAINER}.securityContext.runAsUser`,
  ],
  [
    'resource claims',
    { container: { resources: { claims: [] } } },
    `must not set the field(s): ${CONTAINER}.resources.claims`,
  ],
  [
    'an odd termination message',
    { container: { terminationMessagePolicy: 'Both' } },
    `invalid value: Both: ${CONTAINER}.terminationMessagePolicy`,
  ],
  [
    'a mount without a volume',
    { container: { volumeMounts: [MOUNT] } },
    `volumeMount has no matching volume: ${CONTAINER}.volumeMounts[0].name`,
  ],
  [
    'a volume that nothing mounts',
    { spec: { volumes: [VOLUME] } },
    `volume with name "v" not mounted: ${SPEC}.volumes[0].name`,
  ],
  [
    'a volume of the host',
    {
      container: { volumeMounts: [MOUNT] },
      spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    },
    `must not set the field(s): ${SPEC}.volumes[0].hostPath`,
  ],
  [
    'a volume of two kinds',
    {
      container: { volumeMounts: [MOUNT] },
      spec: { volumes: [{ ...VOLUME, configMap: { name: 'c' } }] },
    },
    `expected exactly one, got both: ${SPEC}.volumes[0].secret, ${SPEC}.volumes[0].configMap`,
  ],
  [
    'a volume of no kind',
    { container: { volumeMounts: [MOUNT] }, spec: { volumes: [{ name: 'v' }] } },
    `expected exactly one, got neither: ${SPEC}.volumes[0].secret, ${SPEC}.volumes[0].configMap, ${SPEC}.volumes[0].projected, ${SPEC}.volumes[0].emptyDir`,
  ],
  [
    'a mount over the root',
    { container: { volumeMounts: [{ ...MOUNT, mountPath: '//' }] }, spec: { volumes: [VOLUME] } },
    `mountPath "/" is a reserved path: ${CONTAINER}.volumeMounts[0].mountPath`,
  ],
  [
    'a relative mount',
    { container: { volumeMounts: [{ ...MOUNT, mountPath: 'data' }] }, spec: { volumes: [VOLUME] } },
    `invalid value: data: ${CONTAINER}.volumeMounts[0].mountPath`,
  ],
  [
    'two mounts of one path',
    {
      container: { volumeMounts: [MOUNT, { ...MOUNT, mountPath: '/data/' }] },
      spec: { volumes: [VOLUME] },
    },
    `invalid value: "/data/" must be unique: ${CONTAINER}.volumeMounts[1].mountPath`,
  ],
  [
    'a node',
    { spec: { nodeSelector: { a: 'b' } } },
    `must not set the field(s): ${SPEC}.nodeSelector`,
  ],
  [
    'the network of the host',
    { spec: { hostNetwork: true } },
    `must not set the field(s): ${SPEC}.hostNetwork`,
  ],
  [
    'a pod security context',
    { spec: { securityContext: { runAsUser: 1 } } },
    `must not set the field(s): ${SPEC}.securityContext.runAsUser`,
  ],
  [
    'init containers',
    { spec: { initContainers: [{ image: 'a' }] } },
    `pod spec support for init-containers is off, but found 1 init containers: ${SPEC}.initContainers`,
  ],
  [
    'an odd service account',
    { spec: { serviceAccountName: 'A_b' } },
    `invalid value: A_b: ${SPEC}.serviceAccountName`,
  ],
  [
    'too much concurrency',
    { spec: { containerConcurrency: 1001 } },
    `expected 0 <= 1001 <= 1000: ${SPEC}.containerConcurrency`,
  ],
  [
    'too long a timeout',
    { spec: { timeoutSeconds: 601 } },
    `expected 0 <= 601 <= 600: ${SPEC}.timeoutSeconds`,
  ],
  ['a name that is no label', { metadata: { name: 'Orders' } }, `${DNS}: metadata.name`],
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
    'a revision name without the prefix',
    { template: { name: 'blue' } },
    'invalid value: "blue" must have prefix "orders-": spec.template.metadata.name',
  ],
  [
    'a revision name that is no label',
    { template: { name: 'orders-Blue' } },
    `invalid value: ${DNS}: spec.template.metadata.name`,
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
  [
    'a tag that is no label',
    { traffic: [{ latestRevision: true, percent: 100, tag: 'A' }] },
    `invalid value: ${DNS}: spec.traffic[0].tag`,
  ],
  [
    'a url in traffic',
    { traffic: [{ percent: 100, url: 'http://x' }] },
    'must not set the field(s): spec.traffic[0].url',
  ],
  [
    'a configuration in traffic',
    { traffic: [{ percent: 100, configurationName: 'x' }] },
    'must not set the field(s): spec.traffic[0].configurationName',
  ],
  [
    'a pinned latest revision',
    { traffic: [{ percent: 100, revisionName: 'orders-1', latestRevision: true }] },
    'may not set revisionName "orders-1" when latestRevision is true: spec.traffic[0].latestRevision',
  ],
  [
    'an unpinned old revision',
    { traffic: [{ percent: 100, latestRevision: false }] },
    'may not set revisionName "" when latestRevision is false: spec.traffic[0].latestRevision',
  ],
  [
    'a revision name that cannot be',
    { traffic: [{ percent: 100, revisionName: 'a b' }] },
    'invalid key name "a b": spec.traffic[0].revisionName',
  ],
  [
    'more than everything',
    { traffic: [{ percent: 101 }] },
    'expected 0 <= 101 <= 100: spec.traffic[0].percent',
  ],
  [
    'less than everything',
    { traffic: [{ percent: 99 }] },
    'Traffic targets sum to 99, want 100: spec.traffic',
  ],
  [
    'a source of two kinds',
    { container: { envFrom: [{ secretRef: { name: 's' }, configMapRef: { name: 'c' } }] } },
    `expected exactly one, got both: ${CONTAINER}.envFrom[0].configMapRef, ${CONTAINER}.envFrom[0].secretRef`,
  ],
  [
    'a source of no kind',
    { container: { envFrom: [{}] } },
    `expected exactly one, got neither: ${CONTAINER}.envFrom[0].configMapRef, ${CONTAINER}.envFrom[0].secretRef`,
  ],
  [
    'an unknown field',
    { container: { imgae: 'x' } },
    `unknown field "${CONTAINER}.imgae": ${CONTAINER}.imgae`,
  ],
]

test.each(cases)('%s is refused in the words of the webhook', (_name, parts, message) => {
  expect(said(parts)).toContain(message)
})

test('a tag that is used twice is told at both places', () => {
  const traffic = [
    { revisionName: 'orders-1', percent: 50, tag: 'x' },
    { percent: 50, tag: 'x' },
  ]
  expect(said({ traffic })).toEqual([
    'Multiple definitions for "x": spec.traffic[1].tag',
    'Multiple definitions for "x": spec.traffic[0].tag',
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

test('what Knative lets through is let through', () => {
  const fine: Parts[] = [
    { metadata: { labels: { 'networking.knative.dev/visibility': 'cluster-local' } } },
    { metadata: { annotations: { 'networking.knative.dev/http-protocol': 'Redirected' } } },
    { metadata: { annotations: { 'serving.knative.dev/rollout-duration': '2m' } } },
    { template: { annotations: { 'autoscaling.knative.dev/unheard-of': 'x' } } },
    { template: { annotations: { 'autoscaling.knative.dev/class': 'custom.example.com' } } },
    auto('scale-to-zero-pod-retention-period', '1m5s'),
    auto('target-burst-capacity', '-1'),
    { container: { image: 'localhost:5000/a/b:v1' } },
    { container: { image: `ghcr.io/a/b@sha256:${'0'.repeat(64)}` } },
    { container: { securityContext: { runAsNonRoot: true, capabilities: { drop: ['ALL'] } } } },
    { container: { volumeMounts: [MOUNT] }, spec: { volumes: [VOLUME] } },
    {
      container: { volumeMounts: [{ name: 'v', mountPath: '/scratch' }] },
      spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    },
    { spec: { securityContext: {} } },
    { container: { envFrom: [{ prefix: 'A_', secretRef: { name: 's' } }] } },
  ]
  for (const parts of fine) expect(said(parts), JSON.stringify(parts)).toEqual([])
})

test('the container says what runs, where, as whom and with which environment', () => {
  const { result } = readJsonDocument(
    {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'orders' },
      spec: {
        template: {
          spec: {
            containers: [
              {
                image: 'registry.test/orders',
                command: ['node'],
                args: ['a.js'],
                workingDir: '/app',
                securityContext: { runAsUser: 1000 },
                envFrom: [
                  { configMapRef: { name: 'c' } },
                  { prefix: 'S_', secretRef: { name: 's', optional: true } },
                ],
              },
            ],
          },
        },
      },
    },
    'test',
  )
  expect(result?.resource).toMatchObject({
    template: {
      command: ['node'],
      args: ['a.js'],
      workingDir: '/app',
      runAsUser: 1000,
      envFrom: [
        { kind: 'ConfigMap', name: 'c', prefix: '', optional: false },
        { kind: 'Secret', name: 's', prefix: 'S_', optional: true },
      ],
    },
  })
})
