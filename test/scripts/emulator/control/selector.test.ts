import { expect, test } from 'vitest'
import type { KubeObject } from '../../../../scripts/emulator/control/object.ts'
import {
  parseFieldSelector,
  parseLabelSelector,
} from '../../../../scripts/emulator/control/selector.ts'

const object = {
  apiVersion: 'v1',
  kind: 'A',
  metadata: { name: 'a', namespace: 'n', labels: { app: 'web', 'x.io/tier': 'front' } },
  involvedObject: { kind: 'Service' },
} as unknown as KubeObject

test.each([
  ['', true],
  ['app=web', true],
  ['app==web', true],
  ['app=api', false],
  ['app!=api', true],
  ['app!=web', false],
  ['none!=web', true],
  ['app in (web, api)', true],
  ['app in (api)', false],
  ['app notin (api)', true],
  ['none notin (api)', true],
  ['x.io/tier', true],
  ['none', false],
  ['!none', true],
  ['!app', false],
  ['app in (web,api),x.io/tier=front,!none', true],
  ['app in (web,api),x.io/tier=back', false],
  ['constructor', false],
])('label selector %j: %s', (selector, expected) => {
  expect(parseLabelSelector(selector)(object)).toBe(expected)
})

test.each([
  ['', true],
  ['metadata.name=a', true],
  ['metadata.name==b', false],
  ['metadata.name!=b', true],
  ['metadata.name=a,involvedObject.kind=Service', true],
])('field selector %j: %s', (selector, expected) => {
  expect(parseFieldSelector(selector, 'Event')(object)).toBe(expected)
})

test.each(['a b', 'a=(b', ')', 'a in'])('%j is no label selector', selector => {
  expect(() => parseLabelSelector(selector)).toThrow('unable to parse label selector')
})

test('a field selector needs an operator', () => {
  expect(() => parseFieldSelector('metadata.name', 'A')).toThrow('unable to parse field selector')
})

test.each(['spec.broker=a', 'metadata.missing=', 'involvedObject.kind=Service'])(
  'a custom kind is not selected by %j',
  selector => {
    expect(() => parseFieldSelector(selector, 'Trigger')).toThrow('field label not supported: ')
  },
)
