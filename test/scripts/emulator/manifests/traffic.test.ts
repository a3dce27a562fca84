/** The targets of traffic. */
import { expect, test } from 'vitest'
import { failure, NO_LABEL, type Refusal, SERVICE, said } from './fixture.ts'

test.each<Refusal>([
  [
    'a tag that is no label',
    { traffic: [{ latestRevision: true, percent: 100, tag: 'A' }] },
    `invalid value: ${NO_LABEL}: spec.traffic[0].tag`,
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
])('%s is refused in the words of the webhook', (_wrong, parts, words) => {
  expect(said(parts)).toContain(words)
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

test('traffic must sum to 100 and tags be unique', () => {
  const traffic =
    '  traffic: [{ revisionName: orders-a, percent: 50, tag: x }, { latestRevision: true, percent: 40, tag: x }]\n'
  expect(failure({ 'a.yaml': SERVICE + traffic }).problems.map(({ message }) => message)).toEqual([
    'Traffic targets sum to 90, want 100',
    'Multiple definitions for "x"',
    'Multiple definitions for "x"',
  ])
})
