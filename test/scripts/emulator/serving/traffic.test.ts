import { expect, test } from 'vitest'
import type { TrafficTarget } from '../../../../scripts/emulator/manifests/types.ts'
import {
  chooseShare,
  resolveTraffic,
  type TrafficWorld,
  toSplits,
} from '../../../../scripts/emulator/serving/traffic.ts'

const world: TrafficWorld = {
  configuration: 'orders',
  configurationReady: 'True',
  latestReady: 'orders-00002',
  readiness: name =>
    (
      ({
        'orders-00001': 'True',
        'orders-00002': 'True',
        'orders-slow': 'Unknown',
        'orders-bad': 'False',
        'other-00001': 'foreign',
      }) as const
    )[name],
}
const latest = (percent: number, tag?: string): TrafficTarget => ({
  latestRevision: true,
  percent,
  ...(tag !== undefined && { tag }),
})
const named = (revisionName: string, percent: number, tag?: string): TrafficTarget => ({
  revisionName,
  latestRevision: false,
  percent,
  ...(tag !== undefined && { tag }),
})

test('percentages hold over the whole range, and a target of 0 % gets nothing but its tag', () => {
  const result = resolveTraffic(
    [named('orders-00001', 10), named('orders-00001', 0, 'dark'), latest(90)],
    world,
  )
  if ('problem' in result) throw new Error(result.problem.message)
  const splits = toSplits(result.targets)
  const counts: Record<string, number> = {}
  for (let step = 0; step < 1_000; step++) {
    const name = chooseShare(splits.get('') ?? [], step / 1_000)?.revision ?? ''
    counts[name] = (counts[name] ?? 0) + 1
  }
  expect(counts).toEqual({ 'orders-00001': 100, 'orders-00002': 900 })
  expect(chooseShare(splits.get('dark') ?? [], 0.99)?.revision).toBe('orders-00001')
})

test('equal targets are one in the status, and targets of one revision are one in the split', () => {
  const result = resolveTraffic(
    [named('orders-00002', 20), named('orders-00002', 30), latest(50)],
    world,
  )
  if ('problem' in result) throw new Error(result.problem.message)
  expect(result.targets).toEqual([
    { revision: 'orders-00002', percent: 50, latest: false },
    { revision: 'orders-00002', percent: 50, latest: true },
  ])
  expect(toSplits(result.targets).get('')).toEqual([
    { revision: 'orders-00002', percent: 100, latest: false },
  ])
})

test.each([
  [
    'orders-00009',
    'False',
    'RevisionMissing',
    'Revision "orders-00009" referenced in traffic not found.',
  ],
  ['orders-slow', 'Unknown', 'RevisionMissing', 'Revision "orders-slow" is not yet ready.'],
  ['orders-bad', 'False', 'RevisionMissing', 'Revision "orders-bad" failed to become ready.'],
  [
    'other-00001',
    'False',
    'RevisionNotOwned',
    'Revision "other-00001" referenced in traffic is not owned by Configuration "orders".',
  ],
])('a target of %s is refused', (name, status, reason, message) => {
  expect(resolveTraffic([named(name, 100)], world)).toEqual({
    problem: { status, reason, message },
  })
})

test('without a ready revision the latest one is waited for, or has failed', () => {
  const waiting = { ...world, latestReady: undefined, configurationReady: 'Unknown' } as const
  expect(resolveTraffic([latest(100)], waiting)).toEqual({
    problem: {
      status: 'Unknown',
      reason: 'RevisionMissing',
      message: 'Configuration "orders" is waiting for a Revision to become ready.',
    },
  })
  const failed = { ...waiting, configurationReady: 'False' } as const
  expect(resolveTraffic([latest(100)], failed)).toMatchObject({
    problem: { message: 'Configuration "orders" does not have any ready Revision.' },
  })
})

test('a failure counts more than what is still to come', () => {
  const mixed = [named('orders-slow', 50), named('orders-bad', 25), named('orders-slow', 25, 't')]
  expect(resolveTraffic(mixed, world)).toMatchObject({ problem: { status: 'False' } })
})
