import { expect, test } from 'vitest'
import { createRouter, hostName } from '../../../../scripts/emulator/serving/router.ts'

const tags: string[] = []

test('every name that a cluster knows leads to the function, with any port and case', () => {
  const router = createRouter([{ namespace: 'shop', name: 'orders', tags }], 'localhost')
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
  const twins = ['a', 'b'].map(namespace => ({ namespace, name: 'orders', tags }))
  const router = createRouter(twins, 'localhost')
  expect(router.find('orders.localhost')).toBeUndefined()
  expect(router.find('orders.b.localhost')?.target.namespace).toBe('b')
})

test('a function whose name looks like a tag host keeps its own name', () => {
  const router = createRouter(
    [
      { namespace: 'shop', name: 'orders', tags: ['old'] },
      { namespace: 'other', name: 'old-orders', tags },
    ],
    'localhost',
  )
  expect(router.find('old-orders.localhost')?.target.name).toBe('old-orders')
  expect(router.find('old-orders.shop.localhost')).toMatchObject({ tag: 'old' })
})

test('the tag of one function does not take the name of another in its namespace', () => {
  const router = createRouter(
    [
      { namespace: 'shop', name: 'orders', tags: ['old'] },
      { namespace: 'shop', name: 'old-orders', tags },
    ],
    'localhost',
  )
  for (const host of ['old-orders.shop.localhost', 'old-orders.shop', 'old-orders.localhost']) {
    expect(router.find(host), host).toMatchObject({
      target: { name: 'old-orders' },
      tag: undefined,
    })
  }
})

test('a function of the cluster alone has no public name, only the short one of this machine', () => {
  const inside = { namespace: 'shop', name: 'orders', tags: ['old'], clusterLocal: true }
  const router = createRouter([inside], 'localhost')
  for (const host of ['orders.shop.localhost', 'old-orders.shop.localhost']) {
    expect(router.find(host), host).toBeUndefined()
  }
  for (const host of ['orders.shop.svc.cluster.local', 'orders.shop', 'orders.localhost']) {
    expect(router.find(host), host).toBeDefined()
  }
})

test('a host name loses its port and trailing dot, and an address in brackets stays whole', () => {
  expect(hostName('Orders.LOCALHOST:8080')).toBe('orders.localhost')
  expect(hostName('[::1]:8080')).toBe('[::1]')
  expect(hostName('[::1]')).toBe('[::1]')
})
