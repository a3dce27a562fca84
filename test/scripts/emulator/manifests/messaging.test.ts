import { expect, test } from 'vitest'
import { parseManifests } from '../../../../scripts/emulator/manifests/load.ts'
import type { Manifests } from '../../../../scripts/emulator/manifests/types.ts'
import { problemsOf } from './fixture.ts'

const GROUPS: Readonly<Record<string, string>> = {
  Channel: 'messaging.knative.dev/v1',
  InMemoryChannel: 'messaging.knative.dev/v1',
  Subscription: 'messaging.knative.dev/v1',
  Trigger: 'eventing.knative.dev/v1',
  Broker: 'eventing.knative.dev/v1',
}

/** One object whose spec and metadata are given as YAML flow text. */
function read(kind: string, spec: string, metadata = ''): Manifests {
  const text = `{ apiVersion: ${GROUPS[kind]}, kind: ${kind}, metadata: { name: it, namespace: app${metadata} }, spec: ${spec} }`
  return parseManifests(text, 'it.yaml')
}

const problems = (kind: string, spec: string, metadata?: string): string[] =>
  problemsOf(() => read(kind, spec, metadata))

const CHANNEL = 'channel: { apiVersion: messaging.knative.dev/v1, kind: Channel, name: pipe }'
const SUBSCRIBER = 'subscriber: { uri: "http://a/" }'
const TRIGGER = 'broker: default, subscriber: { uri: "http://a/" }'

test('a Channel, an InMemoryChannel and a Subscription are read whole', () => {
  const { channels } = read(
    'Channel',
    '{ channelTemplate: { apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel }, delivery: { retry: 3, backoffPolicy: linear, backoffDelay: PT2S, retryAfterMax: PT1M, format: json } }',
  )
  expect(channels).toMatchObject([
    {
      kind: 'Channel',
      namespace: 'app',
      name: 'it',
      delivery: {
        retry: 3,
        backoffPolicy: 'linear',
        backoffDelayMs: 2000,
        retryAfterMaxMs: 60_000,
        format: 'json',
      },
    },
  ])
  expect(read('InMemoryChannel', '{}').channels).toMatchObject([{ kind: 'InMemoryChannel' }])
  const spec = `{ ${CHANNEL}, ${SUBSCRIBER}, reply: { ref: { apiVersion: v1, kind: Service, name: s } } }`
  expect(read('Subscription', spec).subscriptions).toMatchObject([
    {
      kind: 'Subscription',
      channel: { kind: 'Channel', name: 'pipe' },
      subscriber: { uri: 'http://a/' },
      reply: { ref: { name: 's', namespace: 'app' } },
    },
  ])
})

test.each([
  ['Channel', '{ subscribers: [] }', 'must not set the field(s): spec.subscribers'],
  ['Channel', '{ odd: 1 }', 'unknown field "spec.odd": spec.odd'],
  [
    'Channel',
    '{ channelTemplate: { apiVersion: messaging.knative.dev/v1 } }',
    'missing field(s): spec.channelTemplate.kind',
  ],
  [
    'Channel',
    '{ channelTemplate: { apiVersion: messaging.knative.dev/v1beta1, kind: KafkaChannel } }',
    'the emulator backs a Channel by messaging.knative.dev/v1 InMemoryChannel, got messaging.knative.dev/v1beta1 KafkaChannel: spec.channelTemplate',
  ],
  [
    'InMemoryChannel',
    '{ channelTemplate: {} }',
    'unknown field "spec.channelTemplate": spec.channelTemplate',
  ],
  [
    'Subscription',
    `{ ${SUBSCRIBER} }`,
    'missing field(s): the Subscription must reference a channel: spec.channel',
  ],
  [
    'Subscription',
    `{ ${CHANNEL} }`,
    'missing field(s) reply, subscriber: the Subscription must reference at least one of (reply or a subscriber): spec',
  ],
  [
    'Subscription',
    `{ ${CHANNEL}, subscriber: {}, reply: {} }`,
    'missing field(s) reply, subscriber: the Subscription must reference at least one of (reply or a subscriber): spec',
  ],
  [
    'Subscription',
    `{ channel: { apiVersion: v1, kind: Service, name: s }, ${SUBSCRIBER} }`,
    'must be a messaging.knative.dev/v1 Channel or InMemoryChannel, got v1 Service: spec.channel',
  ],
  [
    'Subscription',
    `{ channel: { apiVersion: messaging.knative.dev/v1, kind: Channel, name: s, namespace: b }, ${SUBSCRIBER} }`,
    'only channels of the Subscription namespace can be referenced: spec.channel.namespace',
  ],
  [
    'Subscription',
    `{ ${CHANNEL}, subscriber: { uri: /x } }`,
    'invalid value: Relative URI is not allowed when Ref and [apiVersion, kind, name] is absent: spec.subscriber.uri',
  ],
  [
    'Trigger',
    '{ broker: default, subscriber: {} }',
    'expected at least one, got none: ref, uri: spec.subscriber',
  ],
  [
    'Trigger',
    '{ broker: default, subscriber: { uri: "http://a/", ref: { apiVersion: v1, kind: Service, name: s } } }',
    'Absolute URI is not allowed when Ref or [apiVersion, kind, name] is present: spec.subscriber',
  ],
  [
    'Trigger',
    '{ broker: default, subscriber: { ref: { group: g, apiVersion: v1, kind: Service, name: s } } }',
    'must not set the field(s): spec.subscriber.ref.group',
  ],
  [
    'Trigger',
    `{ ${TRIGGER}, brokerRef: { kind: Broker } }`,
    'expected exactly one, got both: spec.broker, spec.brokerRef: spec',
  ],
  [
    'Trigger',
    `{ ${TRIGGER}, filters: [{ exact: { type: a }, prefix: { type: b } }] }`,
    'multiple dialects found, filters can have only one dialect set: spec.filters[0]',
  ],
  [
    'Trigger',
    `{ ${TRIGGER}, delivery: { backoffDelay: x } }`,
    'invalid value: x: spec.delivery.backoffDelay',
  ],
  [
    'Trigger',
    `{ ${TRIGGER}, delivery: { format: xml } }`,
    'invalid value: xml: spec.delivery.format',
  ],
  ['Broker', '{ odd: 1 }', 'unknown field "spec.odd": spec.odd'],
])('a %s with spec %s is refused', (kind, spec, problem) => {
  expect(problems(kind, spec)).toContain(problem)
})

test.each([
  ['knative.dev/dependency: x', 'The provided annotation was not a corev1.ObjectReference: "x"'],
  [
    `knative.dev/dependency: '{"kind":"PingSource","namespace":"b"}'`,
    'Namespace must be empty or equal to the trigger namespace "app"',
  ],
  [`knative.dev/dependency: '{"kind":"PingSource"}'`, 'missing field(s): name, apiVersion'],
  [
    'eventing.knative.dev/injection: maybe',
    'The provided injection annotation value can only be "enabled" or "disabled", not "maybe"',
  ],
])('a Trigger with the annotation %s is refused', (annotation, problem) => {
  const [name] = annotation.split(':')
  expect(problems('Trigger', `{ ${TRIGGER} }`, `, annotations: { ${annotation} }`)).toContain(
    `${problem}: metadata.annotations["${name}"]`,
  )
})

test('injection is for the default broker only', () => {
  const annotations = ', annotations: { eventing.knative.dev/injection: enabled }'
  expect(read('Trigger', `{ ${TRIGGER} }`, annotations).triggers).toHaveLength(1)
  expect(problems('Trigger', `{ ${TRIGGER.replace('default', 'own')} }`, annotations)).toEqual([
    'The provided injection annotation is only used for default broker, but non-default broker specified here: "own": metadata.annotations["eventing.knative.dev/injection"]',
  ])
})
