import { expect, test } from 'vitest'
import {
  chooseTarget,
  createRouter,
  hostName,
} from '../../../../scripts/emulator/serving/router.ts'

const traffic = [{ latestRevision: true, percent: 100 }]

test('every name that a cluster knows leads to the function, with any port and case', () => {
  const router = createRouter([{ namespace: 'shop', name: 'orders', traffic }], 'localhost')
  for (const host of [
    'orders.shop.localhost',
    'orders.localhost:8080',
    'ORDERS.shop.svc.cluster.local:80',
    'orders.shop.svc.cluster.local.',
    'orders.shop.svc',
    'orders.shop',
  ]) {
    expect(router.find(host)?.target.name, host).toBe('orders')
  }
  for (const host of ['orders', 'orders.other.localhost', 'localhost', '', 'shop.localhost']) {
    expect(router.find(host), host).toBeUndefined()
  }
})

test('the short alias exists only while the name is unique', () => {
  const twins = ['a', 'b'].map(namespace => ({ namespace, name: 'orders', traffic }))
  const router = createRouter(twins, 'localhost')
  expect(router.find('orders.localhost')).toBeUndefined()
  expect(router.find('orders.b.localhost')?.target.namespace).toBe('b')
})

test('a function whose name looks like a tag host keeps its own name', () => {
  const tagged = [{ latestRevision: true, percent: 100, tag: 'old' }]
  const router = createRouter(
    [
      { namespace: 'shop', name: 'orders', traffic: tagged },
      { namespace: 'other', name: 'old-orders', traffic },
    ],
    'localhost',
  )
  expect(router.find('old-orders.localhost')?.target.name).toBe('old-orders')
  expect(router.find('old-orders.shop.localhost')).toMatchObject({ tag: 'old' })
})

test('percentages are exact over the whole range', () => {
  const split = [
    { revisionName: 'a', latestRevision: false, percent: 10 },
    { revisionName: 'b', latestRevision: false, percent: 0, tag: 'dark' },
    { latestRevision: true, percent: 90 },
  ]
  const counts = { a: 0, b: 0, latest: 0 }
  for (let point = 0; point < 1; point += 0.001) {
    const chosen = chooseTarget(split, undefined, point)
    counts[(chosen?.revisionName ?? 'latest') as keyof typeof counts]++
  }
  expect(counts.b).toBe(0)
  expect(counts.a / (counts.a + counts.latest)).toBeCloseTo(0.1, 2)
  expect(chooseTarget(split, 'dark', 0.99)?.revisionName).toBe('b')
})

test('a host name loses its port and trailing dot, and an address in brackets stays whole', () => {
  expect(hostName('Orders.LOCALHOST:8080')).toBe('orders.localhost')
  expect(hostName('[::1]:8080')).toBe('[::1]')
  expect(hostName('[::1]')).toBe('[::1]')
})
