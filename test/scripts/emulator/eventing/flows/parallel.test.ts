import { expect, test } from 'vitest'
import { replyEvent } from '../fixture.ts'
import { awaitRequest, world } from '../resources.fixture.ts'

const PARALLEL = `
apiVersion: flows.knative.dev/v1
kind: Parallel
metadata: { name: fan, namespace: app }
spec:
  branches:
    - filter: { uri: http://even.test/ }
      subscriber: { uri: http://left.test/ }
      reply: { uri: http://left-end.test/ }
    - subscriber: { uri: http://right.test/ }
  reply: { uri: http://end.test/ }
`
const URL = 'http://fan-kn-parallel-kn-channel.app.svc.cluster.local/'

test('the subscriber of a branch gets what its filter answered', async () => {
  const at = await world()
  at.subscribers.even = () => replyEvent('f1', 'filtered.on', 'changed')
  at.apply(PARALLEL)
  expect(at.condition('Parallel', 'fan')?.status).toBe('True')
  await at.publish(URL)
  const left = await awaitRequest(at, ({ url }) => url === 'http://left.test/')
  expect(left.headers['ce-type']).toBe('filtered.on')
  expect(Buffer.from(left.body ?? '').toString()).toBe('changed')
})

test('a filter that answers nothing keeps the event from its subscriber', async () => {
  const at = await world()
  at.apply(PARALLEL)
  await at.publish(URL)
  await awaitRequest(at, ({ url }) => url === 'http://right.test/')
  await at.eventing.idle()
  expect(at.requests.map(({ url }) => url).sort()).toEqual([
    'http://even.test/',
    'http://right.test/',
  ])
})

test('a branch without a filter gets the event as it came', async () => {
  const at = await world()
  at.apply(PARALLEL)
  await at.publish(URL, { id: 'as-it-came' })
  const right = await awaitRequest(at, ({ url }) => url === 'http://right.test/')
  expect(right.headers).toMatchObject({ 'ce-id': 'as-it-came', 'ce-type': 'test.happened' })
})

test("a branch's own reply is stronger than the parallel's", async () => {
  const at = await world()
  at.subscribers.even = () => replyEvent('f1', 'filtered.on')
  at.subscribers.left = () => replyEvent('l1', 'left.done')
  at.subscribers.right = () => replyEvent('r1', 'right.done')
  at.apply(PARALLEL)
  await at.publish(URL)
  const ends = await Promise.all(
    ['left-end', 'end'].map(name => awaitRequest(at, ({ url }) => url === `http://${name}.test/`)),
  )
  expect(ends.map(({ headers }) => headers['ce-type'])).toEqual(['left.done', 'right.done'])
})

test('it has failed while a branch cannot be found', async () => {
  const at = await world()
  at.apply(
    PARALLEL.replace(
      '{ uri: http://right.test/ }',
      '{ ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: gone } }',
    ),
  )
  expect(at.condition('Parallel', 'fan')).toMatchObject({
    status: 'False',
    reason: 'SubscriptionsNotReady',
  })
  expect(at.object('Parallel', 'fan')?.status).toMatchObject({
    ingressChannelStatus: { channel: { name: 'fan-kn-parallel' }, ready: { status: 'True' } },
    branchStatuses: [
      { filterSubscriptionStatus: { subscription: { name: 'fan-kn-parallel-filter-0' } } },
      { subscriberSubscriptionStatus: { ready: { status: 'False' } } },
    ],
  })
})
