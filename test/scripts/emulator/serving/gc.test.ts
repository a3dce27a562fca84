import { expect, test } from 'vitest'
import { DEFAULT_CLUSTER_CONFIG } from '../../../../scripts/emulator/serving/cluster-config.ts'
import { findGarbage, type GcCandidate } from '../../../../scripts/emulator/serving/gc.ts'
import { revisions } from './objects.fixture.ts'
import { createWorld, service } from './world.ts'

const HOUR_MS = 3_600_000
const { gc } = DEFAULT_CLUSTER_CONFIG

function idle(count: number, at: number, from = 0): GcCandidate[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `r${from + index}`,
    createdAt: at,
    lastActiveAt: at + index,
    needed: false,
  }))
}

test('revisions go when both periods are over, the longest idle first, but twenty stay', () => {
  expect(findGarbage(idle(23, 0), gc, 48 * HOUR_MS + 100)).toEqual(['r0', 'r1', 'r2'])
  expect(findGarbage(idle(20, 0), gc, 100 * HOUR_MS)).toEqual([])
  expect(findGarbage(idle(23, 0), gc, 48 * HOUR_MS - 1)).toEqual([])
})

test('one that was active lately stays, however old it is', () => {
  const lately = idle(30, 0).map(each => ({ ...each, lastActiveAt: 90 * HOUR_MS }))
  expect(findGarbage(lately, gc, 100 * HOUR_MS)).toEqual([])
})

test('a needed one is neither deleted nor counted', () => {
  const needed = idle(5, 0, 100).map(each => ({ ...each, needed: true }))
  expect(findGarbage([...needed, ...idle(21, 0)], gc, 100 * HOUR_MS)).toEqual(['r0'])
})

test('beyond the most that may stay they go at any age', () => {
  expect(findGarbage(idle(5, 0), { ...gc, minNonActive: 1, maxNonActive: 3 }, 10)).toEqual([
    'r0',
    'r1',
  ])
})

test('a disabled setting holds nothing and deletes nothing', () => {
  const off = Number.POSITIVE_INFINITY
  const never = { ...gc, retainSinceCreateMs: off, retainSinceLastActiveMs: off, minNonActive: 0 }
  expect(findGarbage(idle(30, 0), never, 1e12)).toEqual([])
  const byActivity = { ...gc, retainSinceCreateMs: off, minNonActive: 0 }
  expect(findGarbage(idle(1, 0), byActivity, 15 * HOUR_MS)).toEqual(['r0'])
  expect(findGarbage(idle(30, 0), { ...never, maxNonActive: off }, 1e12)).toEqual([])
})

test('revisions that nobody routes to are collected by age, those kept by annotation stay', async () => {
  const config = {
    ...DEFAULT_CLUSTER_CONFIG,
    gc: { ...gc, minNonActive: 1 },
  }
  const world = await createWorld([], { config })
  const kept = { annotations: { 'serving.knative.dev/no-gc': 'true' } }
  await world.serving.deploy(service('orders', kept))
  for (const GREETING of ['2', '3', '4']) {
    await world.clock.advance(1_000)
    await world.serving.deploy(service('orders', { vars: { GREETING } }))
  }
  await world.clock.advance(2_000)
  expect(revisions(world)).toHaveLength(4)
  // In two leaps: each two seconds are a decision of the autoscaler, which takes its time.
  await world.clock.advance(15 * HOUR_MS)
  expect(revisions(world)).toHaveLength(4)
  await world.clock.advance(33 * HOUR_MS)
  expect(revisions(world)).toEqual(['orders-00001', 'orders-00003', 'orders-00004'])
}, 30_000)
