/** A folder of manifests: what is read of it, and how all that is wrong is told at once. */
import { expect, test } from 'vitest'
import { failure, load, SERVICE } from './fixture.ts'

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
