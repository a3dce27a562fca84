import { expect, test } from 'vitest'
import type { EventingResource } from '../../../../scripts/emulator/manifests/eventing-types.ts'
import { parseManifests } from '../../../../scripts/emulator/manifests/load.ts'
import { problemsOf } from './fixture.ts'

const GROUPS: Record<EventingResource['kind'], string> = {
  Sequence: 'flows.knative.dev/v1',
  Parallel: 'flows.knative.dev/v1',
  PingSource: 'sources.knative.dev/v1',
  SinkBinding: 'sources.knative.dev/v1',
  ContainerSource: 'sources.knative.dev/v1',
  ApiServerSource: 'sources.knative.dev/v1',
  JobSink: 'sinks.knative.dev/v1alpha1',
  EventTransform: 'eventing.knative.dev/v1alpha1',
  RequestReply: 'eventing.knative.dev/v1alpha1',
  EventPolicy: 'eventing.knative.dev/v1alpha1',
  EventType: 'eventing.knative.dev/v1beta3',
}

/** One object whose spec is given as YAML flow text. */
function read(kind: EventingResource['kind'], spec: string): EventingResource {
  const text = `{ apiVersion: ${GROUPS[kind]}, kind: ${kind}, metadata: { name: it, namespace: app }, spec: ${spec} }`
  const [found] = parseManifests(text, 'it.yaml').eventing
  if (!found) throw new Error('nothing was read')
  return found
}

const problems = (kind: EventingResource['kind'], spec: string): string[] =>
  problemsOf(() => read(kind, spec))

const SINK = 'sink: { uri: "http://a/" }'
const SERVICE = '{ ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: s } }'

test.each<[EventingResource['kind'], string, string]>([
  ['Sequence', '{}', 'missing field(s): spec.steps'],
  ['Sequence', '{ steps: [{}] }', 'expected at least one, got none: ref, uri: spec.steps[0]'],
  [
    'Sequence',
    '{ steps: [{ uri: "http://a/", delivery: { backoffDelay: x } }] }',
    'invalid value: x: spec.steps[0].delivery.backoffDelay',
  ],
  [
    'Sequence',
    '{ steps: [{ uri: "http://a/" }], channelTemplate: { apiVersion: messaging.knative.dev/v1beta1, kind: KafkaChannel } }',
    'must be InMemoryChannel or Channel, got KafkaChannel: no other is emulated: spec.channelTemplate.kind',
  ],
  ['Parallel', '{}', 'missing field(s): spec.branches'],
  ['Parallel', '{ branches: [{}] }', 'missing field(s): spec.branches[0].subscriber'],
  [
    'PingSource',
    '{ schedule: "* * * * *" }',
    'expected at least one, got none: ref, uri: spec.sink',
  ],
  [
    'PingSource',
    `{ schedule: "@every 1m", ${SINK} }`,
    'invalid value: unsupported descriptor @every: spec.schedule',
  ],
  [
    'PingSource',
    `{ schedule: "* * * *", ${SINK} }`,
    'invalid value: expected 5 to 6 fields, found 4: [* * * *]: spec.schedule',
  ],
  [
    'PingSource',
    `{ schedule: "* * * * 7", ${SINK} }`,
    'invalid value: end of range (7) above maximum (6): 7: spec.schedule',
  ],
  [
    'PingSource',
    `{ schedule: "0 0 L * *", ${SINK} }`,
    'invalid value: failed to parse 0 0 L * *: spec.schedule',
  ],
  [
    'PingSource',
    `{ timezone: Mars/Base, ${SINK} }`,
    'invalid value: provided bad location Mars/Base: spec.timezone',
  ],
  [
    'PingSource',
    `{ data: a, dataBase64: YQ==, ${SINK} }`,
    'expected exactly one, got both: data, dataBase64: spec',
  ],
  [
    'PingSource',
    `{ dataBase64: "%", ${SINK} }`,
    'invalid value: illegal base64 data: spec.dataBase64',
  ],
  [
    'PingSource',
    `{ data: "[1]", contentType: application/json, ${SINK} }`,
    'invalid value: data of content type application/json must be a JSON object: spec.data',
  ],
  [
    'PingSource',
    `{ ceOverrides: { extensions: { No_Good: x } }, ${SINK} }`,
    'invalid key name "No_Good": keys are expected to be alphanumeric and in lower case: spec.ceOverrides.extensions.No_Good',
  ],
  [
    'SinkBinding',
    `{ subject: { apiVersion: a/v1, kind: K }, ${SINK} }`,
    'expected exactly one, got neither: name, selector: spec.subject',
  ],
  [
    'SinkBinding',
    `{ subject: { apiVersion: a/v1, kind: K, name: n, namespace: other }, ${SINK} }`,
    'invalid value: other: spec.subject.namespace',
  ],
  ['ContainerSource', `{ ${SINK} }`, 'missing field(s): spec.template.spec.containers'],
  [
    'ContainerSource',
    `{ template: { spec: { containers: [{ image: a }] } }, ${SINK} }`,
    'missing field(s): spec.template.spec.containers[0].name',
  ],
  [
    'ContainerSource',
    `{ template: { spec: { containers: [{ name: a, image: a }, { name: b, image: b }] } }, ${SINK} }`,
    'the emulator runs one container of a pod, got 2: spec.template.spec.containers',
  ],
  ['ApiServerSource', `{ ${SINK} }`, 'missing field(s): spec.resources'],
  [
    'ApiServerSource',
    `{ resources: [{ apiVersion: v1 }], ${SINK} }`,
    'missing field(s): spec.resources[0].kind',
  ],
  ['ApiServerSource', `{ mode: All, ${SINK} }`, 'invalid value: All: spec.mode'],
  [
    'ApiServerSource',
    `{ filters: [{ exact: { a: b } }], ${SINK} }`,
    'Filters is not empty but the NewAPIServerFilters feature is disabled.: spec.filters',
  ],
  ['JobSink', '{}', 'expected exactly one, got neither: spec.job'],
  [
    'JobSink',
    '{ job: { spec: { parallelism: 3, template: { spec: { containers: [{ name: a, image: a }] } } } } }',
    'the emulator runs one pod per job, got 3: spec.job.spec.parallelism',
  ],
  [
    'JobSink',
    '{ job: { spec: { suspend: true, template: { spec: { containers: [{ name: a, image: a }] } } } } }',
    'the emulator runs one plain pod per job: spec.job.spec.suspend',
  ],
  ['EventTransform', '{}', 'expected exactly one, got neither: spec.jsonata'],
  [
    'EventTransform',
    '{ jsonata: { expression: a }, reply: { discard: true } }',
    'reply is set without spec.sink: spec.reply',
  ],
  [
    'EventTransform',
    `{ jsonata: { expression: a }, ${SINK}, reply: { discard: true, jsonata: { expression: b } } }`,
    'expected exactly one, got both: jsonata, discard: spec.reply',
  ],
  ['RequestReply', '{}', 'missing field(s): spec.brokerRef.kind'],
  [
    'RequestReply',
    '{ brokerRef: { apiVersion: a/v1, kind: Channel, name: b } }',
    'invalid value: Channel: brokerRef kind must be Broker: spec.brokerRef.kind',
  ],
  [
    'RequestReply',
    '{ brokerRef: { apiVersion: a/v1, kind: Broker, name: b, namespace: c } }',
    'must not set the field(s): spec.brokerRef.namespace',
  ],
  [
    'RequestReply',
    '{ brokerRef: { apiVersion: a/v1, kind: Broker, name: b }, timeout: PT0S }',
    'invalid value: PT0S: spec.timeout',
  ],
  [
    'RequestReply',
    '{ brokerRef: { apiVersion: a/v1, kind: Broker, name: b }, replyAttribute: id }',
    'invalid value: id: replyattribute must be non-empty and cannot be a core cloudevent attribute (id, type, specversion, source): spec.replyAttribute',
  ],
  ['EventPolicy', '{ from: [{}] }', 'expected exactly one, got neither: ref, sub: spec.from[0]'],
  [
    'EventPolicy',
    '{ from: [{ sub: "a*b" }] }',
    "invalid value: a*b: '*' is only allowed as suffix: spec.from[0].sub",
  ],
  ['EventPolicy', '{ to: [{}] }', 'expected exactly one, got neither: ref, selector: spec.to[0]'],
  [
    'EventPolicy',
    '{ filters: [{ exact: { a: b }, prefix: { a: b } }] }',
    'multiple dialects found, filters can have only one dialect set: spec.filters[0]',
  ],
  [
    'EventType',
    '{ attributes: [{ name: type }, { name: id }] }',
    'missing field(s): attributes.source, attributes.specversion: spec.attributes',
  ],
])('a %s of spec %s is refused: %s', (kind, spec, message) => {
  expect(problems(kind, spec)).toContain(message)
})

test.each<EventingResource['kind']>(Object.keys(GROUPS) as EventingResource['kind'][])(
  'a field of %s that nobody knows is refused',
  kind => {
    expect(problems(kind, '{ nonsense: 1 }')).toContain(
      'unknown field "spec.nonsense": spec.nonsense',
    )
  },
)

test('the spec is completed as the webhook does', () => {
  expect(read('Sequence', `{ steps: [${SERVICE}], reply: ${SERVICE} }`).spec).toEqual({
    channelTemplate: { apiVersion: 'messaging.knative.dev/v1', kind: 'InMemoryChannel' },
    steps: [
      {
        ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 's', namespace: 'app' },
      },
    ],
    reply: {
      ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 's', namespace: 'app' },
    },
  })
  expect(read('PingSource', `{ ${SINK} }`).spec).toMatchObject({ schedule: '* * * * *' })
  expect(
    read('SinkBinding', `{ subject: { apiVersion: a/v1, kind: K, name: n }, ${SINK} }`).spec,
  ).toMatchObject({ subject: { namespace: 'app' } })
  const job = read(
    'JobSink',
    '{ job: { spec: { template: { spec: { containers: [{ name: a, image: a }] } } } } }',
  )
  expect(job).toMatchObject({
    backoffLimit: 6,
    spec: {
      job: {
        spec: {
          template: {
            spec: { containers: [{ env: [{ name: 'K_EXECUTION_MODE', value: 'batch' }] }] },
          },
        },
      },
    },
  })
})

test('a schedule may say its time zone itself', () => {
  const found = read(
    'PingSource',
    `{ schedule: "CRON_TZ=Europe/Berlin 0 9 * * *", timezone: UTC, ${SINK} }`,
  )
  expect(found).toMatchObject({ schedule: '0 9 * * *', timezone: 'Europe/Berlin' })
})

test('base64 data stands for its bytes', () => {
  const found = read('PingSource', `{ dataBase64: AAH/, ${SINK} }`)
  expect(found.kind === 'PingSource' && [...(found.data ?? [])]).toEqual([0, 1, 255])
})
