import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadManifests } from '../../../../scripts/emulator/manifests/load.ts'
import { ManifestError } from '../../../../scripts/emulator/manifests/manifest-error.ts'
import type { Manifests } from '../../../../scripts/emulator/manifests/types.ts'

const SERVICE = `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: orders
  namespace: shop
spec:
  template:
    spec:
      containers:
        - image: registry.test/orders
`

test('a small Service gets the defaults of Knative', () => {
  const { services } = load({ 'a.yaml': SERVICE })
  expect(services).toEqual([
    {
      file: expect.stringMatching(/a\.yaml$/),
      line: 1,
      document: expect.objectContaining({ kind: 'Service' }),
      namespace: 'shop',
      name: 'orders',
      labels: {},
      annotations: {},
      template: {
        labels: {},
        annotations: {},
        image: 'registry.test/orders',
        env: [],
        port: 8080,
        portName: 'http1',
        containerConcurrency: 0,
        timeoutSeconds: 300,
        readinessProbe: {
          kind: 'tcp',
          initialDelaySeconds: 0,
          periodSeconds: 0,
          timeoutSeconds: 1,
          successThreshold: 1,
          failureThreshold: 3,
        },
      },
      traffic: [{ latestRevision: true, percent: 100 }],
    },
  ])
})

test('everything that a Service may say is read', () => {
  const { services } = load({
    'a.yaml': `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: orders
spec:
  template:
    metadata:
      name: orders-blue
      annotations:
        autoscaling.knative.dev/min-scale: "1"
    spec:
      containerConcurrency: 5
      timeoutSeconds: 60
      responseStartTimeoutSeconds: 10
      idleTimeoutSeconds: 20
      containers:
        - image: registry.test/orders
          command: [node]
          args: [index.js]
          ports: [{ containerPort: 3000, name: h2c }]
          env:
            - { name: A, value: "1" }
            - name: B
              valueFrom: { secretKeyRef: { name: s, key: k } }
            - name: C
              valueFrom: { configMapKeyRef: { name: m, key: k, optional: true } }
          readinessProbe:
            httpGet: { path: /health/ready, httpHeaders: [{ name: X-Probe, value: "1" }] }
            periodSeconds: 10
  traffic:
    - { revisionName: orders-green, percent: 20, tag: green }
    - { latestRevision: true, percent: 80 }
`,
  })
  expect(services[0]?.namespace).toBe('default')
  expect(services[0]?.traffic).toEqual([
    { revisionName: 'orders-green', latestRevision: false, percent: 20, tag: 'green' },
    { latestRevision: true, percent: 80 },
  ])
  expect(services[0]?.template).toMatchObject({
    name: 'orders-blue',
    command: ['node'],
    args: ['index.js'],
    port: 3000,
    portName: 'h2c',
    containerConcurrency: 5,
    timeoutSeconds: 60,
    responseStartTimeoutSeconds: 10,
    idleTimeoutSeconds: 20,
    env: [
      { name: 'A', value: '1' },
      { name: 'B', secret: { name: 's', key: 'k', optional: false } },
      { name: 'C', configMap: { name: 'm', key: 'k', optional: true } },
    ],
    readinessProbe: { kind: 'http', path: '/health/ready', headers: { 'x-probe': '1' } },
  })
})

test('Brokers, Triggers, ConfigMaps and all other kinds of a folder are read, patches and the like are not', () => {
  const found = load({
    'eventing/broker.yaml': `apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default, namespace: shop }
spec:
  delivery: { retry: 3, backoffPolicy: linear, backoffDelay: PT0.2S, timeout: PT30S }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: shop }
data: { level: info }
---
# nothing here
`,
    'eventing/triggers/one.yaml': `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: one, namespace: shop }
spec:
  broker: default
  filter: { attributes: { type: order.placed } }
  filters:
    - all: [{ exact: { type: a } }, { not: { prefix: { source: /x } } }]
    - cesql: "type = 'a'"
  subscriber: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: orders }, uri: /in }
  delivery: { deadLetterSink: { uri: "http://dead.test" } }
`,
    'platform/role.yaml':
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: "system:x" }\n',
    'eventing/kustomization.yaml': 'resources: [broker.yaml]\n',
    'eventing/overlays/big/patch.yaml': 'kind: Broker\n',
    'eventing/workflows/flow.yaml': 'document: { dsl: 1.0.0, name: flow }\ndo: []\n',
    'notes.txt': 'not a manifest',
  })
  expect(found.brokers[0]).toMatchObject({
    name: 'default',
    delivery: { retry: 3, backoffPolicy: 'linear', backoffDelayMs: 200, timeoutMs: 30_000 },
  })
  expect(found.configMaps[0]?.data).toEqual({ level: 'info' })
  expect(found.triggers[0]).toMatchObject({
    broker: 'default',
    filter: { type: 'order.placed' },
    filters: [
      { all: [{ exact: { type: 'a' } }, { not: { prefix: { source: '/x' } } }] },
      { cesql: "type = 'a'" },
    ],
    subscriber: {
      ref: {
        apiVersion: 'serving.knative.dev/v1',
        kind: 'Service',
        name: 'orders',
        namespace: 'shop',
      },
      uri: '/in',
    },
    delivery: { deadLetterSink: { uri: 'http://dead.test' } },
  })
  expect(found.others).toMatchObject([{ kind: 'ClusterRole', name: 'system:x' }])
})

test('all problems of all files are said at once, with file, line and field', () => {
  const error = failure({
    'a.yaml': SERVICE.replace('- image: registry.test/orders', '- name: x'),
    'b.yaml': `${SERVICE.replace('name: orders', 'name: Orders_1')}      timeoutSeconds: 601\n  foo: 1\n`,
    'c.yaml': 'a: [1\n',
  })
  const shown = error.message.replace(/^.*\/(?=[abc]\.yaml)/gm, '').split('\n')
  expect(shown).toEqual([
    'a.yaml:10: spec.template.spec.containers[0].image: missing field(s)',
    expect.stringMatching(/^b\.yaml:4: metadata\.name: not a DNS 1035 label: \[a DNS-1035 label/),
    'b.yaml:11: spec.template.spec.timeoutSeconds: expected 0 <= 601 <= 600',
    'b.yaml:12: spec.foo: unknown field "spec.foo"',
    expect.stringMatching(/^c\.yaml:\d: not valid YAML: /),
  ])
  expect(error.problems[0]).toMatchObject({ line: 10, column: 11 })
})

const CONTAINER = 'spec.template.spec.containers[0]'
const serviceCases: [string, string, string, string][] = [
  [
    'PORT in the environment',
    'env: [{ name: PORT, value: "1" }]',
    `${CONTAINER}.env[0].name`,
    '"PORT" is a reserved environment variable',
  ],
  [
    'a number as a value',
    'env: [{ name: A, value: 1 }]',
    `${CONTAINER}.env[0].value`,
    'must be a string, got number 1: put it in quotes',
  ],
  [
    'a name set twice',
    'env: [{ name: A, value: "1" }, { name: A, value: "2" }]',
    `${CONTAINER}.env[1].name`,
    '"A" is set twice',
  ],
  [
    'a fieldRef',
    'env: [{ name: A, valueFrom: { fieldRef: { fieldPath: x } } }]',
    `${CONTAINER}.env[0].valueFrom.fieldRef`,
    'must not set the field(s)',
  ],
  [
    'two ports',
    'ports: [{ containerPort: 1 }, { containerPort: 2 }]',
    `${CONTAINER}.ports`,
    'more than one container port is set',
  ],
  [
    'a reserved port',
    'ports: [{ containerPort: 8012 }]',
    `${CONTAINER}.ports[0].containerPort`,
    'invalid value: 8012 is a reserved port',
  ],
  [
    'an odd port name',
    'ports: [{ containerPort: 1, name: grpc }]',
    `${CONTAINER}.ports[0]`,
    'Port name grpc is not allowed',
  ],
  [
    'two probe handlers',
    'readinessProbe: { httpGet: {}, tcpSocket: {} }',
    `${CONTAINER}.readinessProbe`,
    'expected exactly one, got both: httpGet, tcpSocket',
  ],
  [
    'a threshold without a period',
    'readinessProbe: { failureThreshold: 2 }',
    `${CONTAINER}.readinessProbe.failureThreshold`,
    'failureThreshold is disallowed when periodSeconds is zero',
  ],
  ['a lifecycle hook', 'lifecycle: {}', `${CONTAINER}.lifecycle`, 'must not set the field(s)'],
  ['an unknown field', 'imgae: x', `${CONTAINER}.imgae`, `unknown field "${CONTAINER}.imgae"`],
]

test.each(serviceCases)('a container with %s is refused', (_name, line, field, message) => {
  const error = failure({ 'a.yaml': `${SERVICE}          ${line}\n` })
  expect(error.problems).toEqual([expect.objectContaining({ field, message, line: 11 })])
})

const annotationCases: [string, string][] = [
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
]

test.each(annotationCases)('the annotation %s is refused', (annotation, message) => {
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

const TRIGGER = `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: t }
spec:
  broker: default
  subscriber: { uri: "http://x.test" }
`
const triggerCases: [string, string, string, string][] = [
  ['no broker', TRIGGER.replace('  broker: default\n', ''), 'spec.broker', 'missing field(s)'],
  [
    'no subscriber',
    TRIGGER.replace(/ {2}subscriber.*\n/, ''),
    'spec.subscriber',
    'missing field(s)',
  ],
  [
    'a relative URI alone',
    TRIGGER.replace('"http://x.test"', '/x'),
    'spec.subscriber.uri',
    'invalid value: Relative URI is not allowed when Ref and [apiVersion, kind, name] is absent',
  ],
  [
    'a bad attribute name',
    `${TRIGGER}  filter: { attributes: { Type: x } }\n`,
    'spec.filter.attributes.Type',
    'invalid key name "Type"',
  ],
  [
    'a bad name in a filter',
    `${TRIGGER}  filters: [{ exact: { Foo: x } }]\n`,
    'spec.filters[0].exact.Foo',
    'invalid key name "Foo"',
  ],
  [
    'a CESQL expression with a mistake',
    `${TRIGGER}  filters: [{ not: { cesql: "type = 'a' AN subject" } }]\n`,
    'spec.filters[0].not.cesql',
    `must be a CESQL expression, got "type = 'a' AN subject": unexpected AN at character 12`,
  ],
  [
    'an empty CESQL expression',
    `${TRIGGER}  filters: [{ cesql: }]\n`,
    'spec.filters[0].cesql',
    'must be a CESQL expression, got "": unexpected end at character 1',
  ],
  [
    'a number for a CESQL expression',
    `${TRIGGER}  filters: [{ cesql: 5 }]\n`,
    'spec.filters[0].cesql',
    'must be a string, got number 5: put it in quotes',
  ],
  [
    'two dialects',
    `${TRIGGER}  filters: [{ exact: { a: x }, prefix: { a: x } }]\n`,
    'spec.filters[0]',
    'multiple dialects found, filters can have only one dialect set',
  ],
  [
    'an unknown dialect deep inside',
    `${TRIGGER}  filters: [{ not: { all: [{ like: { a: x } }] } }]\n`,
    'spec.filters[0].not.all[0].like',
    'unknown field "spec.filters[0].not.all[0].like"',
  ],
  [
    'a negative retry',
    `${TRIGGER}  delivery: { retry: -1 }\n`,
    'spec.delivery.retry',
    'invalid value: -1',
  ],
  [
    'an odd policy',
    `${TRIGGER}  delivery: { backoffPolicy: random }\n`,
    'spec.delivery.backoffPolicy',
    'invalid value: random',
  ],
  [
    'a Go duration',
    `${TRIGGER}  delivery: { backoffDelay: 200ms }\n`,
    'spec.delivery.backoffDelay',
    'invalid value: 200ms',
  ],
  [
    'a timeout of nothing',
    `${TRIGGER}  delivery: { timeout: PT0S }\n`,
    'spec.delivery.timeout',
    'invalid value: PT0S',
  ],
  [
    'an unknown delivery format',
    `${TRIGGER}  delivery: { format: xml }\n`,
    'spec.delivery.format',
    'invalid value: xml',
  ],
]

test.each(triggerCases)('a Trigger with %s is refused', (_name, text, field, message) => {
  expect(failure({ 'a.yaml': text }).problems).toContainEqual(
    expect.objectContaining({ field, message }),
  )
})

test('the same name twice, a wrong version, half an object, and a missing folder are refused', () => {
  const error = failure(
    {
      'a.yaml': SERVICE,
      'b.yaml': `${SERVICE}---\n${SERVICE.replace('knative.dev/v1', 'knative.dev/v1beta1')}---\nkind: Service\n---\njust text\n`,
    },
    ['no-such-folder'],
  )
  expect(error.problems.map(({ line, field, message }) => `${line} ${field} ${message}`)).toEqual([
    expect.stringMatching(/^4 metadata\.name "orders" is defined already in .*a\.yaml:1$/),
    '12 apiVersion must be serving.knative.dev/v1, got "serving.knative.dev/v1beta1"',
    '23 apiVersion missing field(s)',
    '25  must be a mapping, got "just text"',
    '1  no such file or folder',
  ])
})

test('traffic must sum to 100 and tags be unique', () => {
  const traffic =
    '  traffic: [{ revisionName: orders-a, percent: 50, tag: x }, { latestRevision: true, percent: 40, tag: x }]\n'
  expect(failure({ 'a.yaml': SERVICE + traffic }).problems.map(({ message }) => message)).toEqual([
    'Traffic targets sum to 90, want 100',
    'Multiple definitions for "x"',
    'Multiple definitions for "x"',
  ])
})

function write(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'manifests-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return directory
}

const load = (files: Record<string, string>): Manifests => loadManifests([write(files)])

function failure(files: Record<string, string>, more: string[] = []): ManifestError {
  const directory = write(files)
  try {
    loadManifests([...more.map(path => join(directory, path)), directory])
  } catch (error) {
    if (error instanceof ManifestError) return error
    throw error
  }
  throw new Error('was accepted')
}

test("the operator's limits hold in place of Knative's, wherever their ConfigMap is", () => {
  const spec = '    spec:\n      timeoutSeconds: 700\n      containerConcurrency: 20\n'
  const service = SERVICE.replace('    spec:\n', spec)
  const limits = (data: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-defaults\n  namespace: knative-serving\ndata:\n  ${data}\n`
  expect(() => load({ 'a.yaml': service })).toThrow(
    'a.yaml:9: spec.template.spec.timeoutSeconds: expected 0 <= 700 <= 600',
  )
  const raised = limits("max-revision-timeout-seconds: '900'")
  expect(load({ 'a.yaml': service, 'z.yaml': raised }).services).toHaveLength(1)
  const lowered = limits("container-concurrency-max-limit: '10'")
  expect(() => load({ 'a.yaml': service, 'z.yaml': lowered })).toThrow(
    'spec.template.spec.containerConcurrency: expected 0 <= 20 <= 10',
  )
  const nonzero = limits("allow-container-concurrency-zero: 'false'")
  const unlimited = service.replace('20', '0').replace('700', '7')
  expect(() => load({ 'a.yaml': unlimited, 'z.yaml': nonzero })).toThrow(
    'spec.template.spec.containerConcurrency: expected 1 <= 0 <= 1000',
  )
})
