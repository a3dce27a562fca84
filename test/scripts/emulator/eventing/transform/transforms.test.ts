import { expect, test } from 'vitest'
import type { NetworkResponse } from '../../../../../scripts/emulator/network.ts'
import { answer, replyEvent, until } from '../fixture.ts'
import { BROKER, world } from '../resources.fixture.ts'

const transform = (expression: string, more = ''): string => `
apiVersion: eventing.knative.dev/v1alpha1
kind: EventTransform
metadata: { name: shape, namespace: app }
spec:
  jsonata:
    expression: |
${expression.replace(/^/gm, '      ')}
${more}
`
const URL = 'http://shape-jsonata.app.svc.cluster.local/'
const EVENT = `{ "specversion": "1.0", "id": id, "type": "shaped", "source": source, "data": { "sum": $sum(data.parts) } }`

const json = ({ body }: NetworkResponse): unknown => JSON.parse(Buffer.from(body).toString())

test('without a sink the transformed event is the answer', async () => {
  const at = await world()
  at.apply(transform(EVENT))
  const answered = await at.publish(
    URL,
    { datacontenttype: 'application/json' },
    '{"parts":[1,2,3]}',
  )
  expect([answered.status, answered.headers['content-type']]).toEqual([
    200,
    'application/cloudevents+json',
  ])
  expect(json(answered)).toMatchObject({ id: 'e1', type: 'shaped', data: { sum: 6 } })
  expect(at.condition('EventTransform', 'shape')?.status).toBe('True')
})

test('what is no event goes in as JSON, and what comes out has the type that it names', async () => {
  const at = await world()
  at.apply(transform('{ "contenttype": "application/special", "twice": n * 2 }'))
  const answered = await at.send({ url: URL, method: 'POST', body: Buffer.from('{"n":21}') })
  expect(answered.headers['content-type']).toBe('application/special')
  expect(json(answered)).toMatchObject({ twice: 42 })
})

test('a result that is no event is JSON, and no result is an error', async () => {
  const at = await world()
  at.apply(transform('{ "only": type }'))
  expect((await at.publish(URL)).headers['content-type']).toBe('application/json')
  at.apply(transform('nothing.here'))
  const none = await at.publish(URL)
  expect([none.status, none.headers.reason]).toEqual([
    500,
    'the expression has no result for this event',
  ])
})

test('with a sink the event goes there, and its answer comes back as far as a cluster brings it', async () => {
  const at = await world()
  at.subscribers.sink = () => replyEvent('r1', 'sink.answered', 'body')
  at.apply(transform(EVENT, '  sink: { uri: http://sink.test/ }'))
  const answered = await at.publish(URL, { datacontenttype: 'application/json' }, '{"parts":[4]}')
  expect(at.requests[0]).toMatchObject({
    url: 'http://sink.test/',
    headers: { 'content-type': 'application/cloudevents+json' },
  })
  expect([answered.status, answered.headers['ce-type']]).toEqual([200, undefined])
  expect(Buffer.from(answered.body).toString()).toBe('body')
})

test("the sink's answer is transformed when spec.reply says so, or discarded", async () => {
  const at = await world()
  at.subscribers.sink = () => replyEvent('r1', 'sink.answered')
  at.apply(
    transform(
      EVENT,
      '  sink: { uri: http://sink.test/ }\n  reply: { jsonata: { expression: \'{ "was": type }\' } }',
    ),
  )
  expect(json(await at.publish(URL))).toEqual({ was: 'sink.answered' })
  at.apply(transform(EVENT, '  sink: { uri: http://sink.test/ }\n  reply: { discard: true }'))
  const answered = await at.publish(URL)
  expect([answered.status, answered.body.length]).toEqual([200, 0])
})

test("the sink's failure is the answer's status", async () => {
  const at = await world()
  at.subscribers.sink = () => answer(503, 'busy')
  at.apply(transform(EVENT, '  sink: { uri: http://sink.test/ }'))
  expect((await at.publish(URL)).status).toBe(503)
})

test('an expression that cannot be parsed is said in the log and the conditions', async () => {
  const at = await world()
  at.apply(transform('{ "half": '))
  await until(() => at.condition('EventTransform', 'shape')?.status === 'False')
  expect(at.condition('EventTransform', 'shape', 'TransformationReady')?.reason).toBe(
    'JsonataDeploymentUnavailable',
  )
  expect(at.lines.find(({ level }) => level === 'error')?.message).toMatch(
    /^test.yaml:2: not a JSONata expression: S0203: .+ at 11$/,
  )
  expect((await at.publish(URL)).status).toBe(500)
  at.apply(transform(EVENT))
  await until(() => at.condition('EventTransform', 'shape')?.status === 'True')
})

test('the broker takes the transformed event as a reply', async () => {
  const at = await world()
  at.apply(transform('$merge([$, { "type": "shaped" }])'))
  at.apply(`
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: raw, namespace: app }
spec:
  broker: default
  filter: { attributes: { type: test.happened } }
  subscriber: { ref: { apiVersion: eventing.knative.dev/v1alpha1, kind: EventTransform, name: shape } }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: shaped, namespace: app }
spec:
  broker: default
  filter: { attributes: { type: shaped } }
  subscriber: { uri: http://seen.test/ }
`)
  await at.publish(BROKER)
  await until(() => at.requests.some(({ url }) => url === 'http://seen.test/'))
  await at.eventing.idle()
})
