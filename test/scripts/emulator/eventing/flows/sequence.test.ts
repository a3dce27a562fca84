import { expect, test } from 'vitest'
import { replyEvent, until } from '../fixture.ts'
import { awaitRequest, BROKER, world } from '../resources.fixture.ts'

const SEQUENCE = `
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: { name: line, namespace: app }
spec:
  steps:
    - ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: first }
    - uri: http://second.test/
      delivery: { retry: 0 }
  reply: { uri: http://end.test/ }
`
const URL = 'http://line-kn-sequence-0-kn-channel.app.svc.cluster.local/'

test('each step gets what the step before answered, and the last answer goes to the reply', async () => {
  const at = await world()
  at.services.push('first')
  at.subscribers.first = () => replyEvent('r1', 'one.done', 'one')
  at.subscribers.second = () => replyEvent('r2', 'two.done', 'two')
  at.apply(SEQUENCE)

  expect(at.condition('Sequence', 'line')?.status).toBe('True')
  expect((await at.publish(URL)).status).toBe(202)
  const end = await awaitRequest(at, ({ url }) => url.startsWith('http://end.test'))

  expect(at.requests.map(({ url }) => url)).toEqual([
    'http://first.app.svc.cluster.local',
    'http://second.test/',
    'http://end.test/',
  ])
  expect(end.headers['ce-type']).toBe('two.done')
  expect(at.requests[1]?.headers['ce-type']).toBe('one.done')
})

test('a step without a reply ends the chain', async () => {
  const at = await world()
  at.services.push('first')
  at.apply(SEQUENCE)
  await at.publish(URL)
  await at.eventing.idle()
  expect(at.requests.map(({ url }) => url)).toEqual(['http://first.app.svc.cluster.local'])
})

test('it owns a channel and a subscription for each step', async () => {
  const at = await world()
  at.apply(SEQUENCE)
  const { uid } = at.object('Sequence', 'line')?.metadata ?? {}
  for (const kind of ['InMemoryChannel', 'Subscription']) {
    for (const name of ['line-kn-sequence-0', 'line-kn-sequence-1']) {
      const [owner] = at.object(kind, name)?.metadata.ownerReferences ?? []
      expect(owner).toMatchObject({ kind: 'Sequence', name: 'line', uid, controller: true })
    }
  }
  expect(at.object('Sequence', 'line')?.status).toMatchObject({
    address: { url: URL.slice(0, -1) },
    observedGeneration: 1,
  })
})

test('it is unknown while a step cannot be found, and ready once it can', async () => {
  const at = await world()
  at.apply(SEQUENCE)
  expect(at.condition('Sequence', 'line', 'SubscriptionsReady')).toMatchObject({
    status: 'Unknown',
    reason: 'SubscriptionsNotReady',
    message: 'Subscriptions are not ready yet, or there are none',
  })
  at.services.push('first')
  at.eventing.refresh()
  await until(() => at.condition('Sequence', 'line')?.status === 'True')
})

test('a step that is taken out goes with its channel, and all go with the sequence', async () => {
  const at = await world()
  at.services.push('first')
  at.apply(SEQUENCE)
  at.apply(SEQUENCE.replace(/ {4}- uri.*\n.*retry: 0 }\n/, ''))
  expect(at.object('InMemoryChannel', 'line-kn-sequence-0')).toBeDefined()
  expect(at.object('InMemoryChannel', 'line-kn-sequence-1')).toBeUndefined()
  expect(at.object('Subscription', 'line-kn-sequence-1')).toBeUndefined()
  expect(at.object('Sequence', 'line')?.metadata.generation).toBe(2)

  at.resources.remove('Sequence', 'app', 'line')
  expect(at.object('InMemoryChannel', 'line-kn-sequence-0')).toBeUndefined()
  expect(at.object('Sequence', 'line')).toBeUndefined()
  expect((await at.publish(URL)).status).toBe(404)
})

test('a broker can send to it, before and after it exists', async () => {
  const at = await world()
  at.services.push('first')
  at.apply(`
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: to-line, namespace: app }
spec:
  broker: default
  subscriber: { ref: { apiVersion: flows.knative.dev/v1, kind: Sequence, name: line } }
`)
  expect(at.condition('Trigger', 'to-line')?.status).toBe('False')
  at.apply(SEQUENCE)
  await until(() => at.condition('Trigger', 'to-line')?.status === 'True')
  await at.publish(BROKER)
  await awaitRequest(at, ({ url }) => url.startsWith('http://first.app'))
})
