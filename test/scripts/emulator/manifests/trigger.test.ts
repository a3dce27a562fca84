/** Triggers that are refused: names, subscribers, filters, delivery. */
import { expect, test } from 'vitest'
import { failure } from './fixture.ts'

const TRIGGER = `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: t }
spec:
  broker: default
  subscriber: { uri: "http://x.test" }
`

test.each([
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
])('a Trigger with %s is refused', (_name, text, field, message) => {
  expect(failure({ 'a.yaml': text }).problems).toContainEqual(
    expect.objectContaining({ field, message }),
  )
})
