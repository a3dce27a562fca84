import { expect, test } from 'vitest'
import type { NetworkRequest } from '../../../../../scripts/emulator/network.ts'
import { answer, until } from '../fixture.ts'
import { BROKER, world } from '../resources.fixture.ts'

const URL = 'http://request-reply.knative-eventing.svc.cluster.local/app/ask'
const MANIFESTS = `
apiVersion: eventing.knative.dev/v1alpha1
kind: RequestReply
metadata: { name: ask, namespace: app }
spec:
  brokerRef: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: work, namespace: app }
spec:
  broker: default
  filter: { attributes: { type: question } }
  subscriber: { uri: http://worker.test/ }
`

/** What a function answers: its reply names the question's correlation id. */
function toReply({ headers }: NetworkRequest, body = 'forty-two') {
  return answer(200, body, {
    'ce-specversion': '1.0',
    'ce-id': 'a1',
    'ce-source': '/worker',
    'ce-type': 'answer',
    'ce-replyid': headers['ce-correlationid'] ?? '',
    'content-type': 'text/plain',
  })
}

test('a request is answered by the event that replies to its own', async () => {
  const at = await world()
  at.apply(MANIFESTS)
  at.subscribers.worker = request => toReply(request)
  const answered = await at.publish(URL, { type: 'question', id: 'q1' })
  expect(answered.status).toBe(200)
  expect(answered.headers).toMatchObject({
    'ce-id': 'a1',
    'ce-type': 'answer',
    'content-type': 'text/plain',
  })
  expect(Buffer.from(answered.body).toString()).toBe('forty-two')
  const { headers } = at.requests[0] ?? {}
  expect(headers?.['ce-correlationid']).toMatch(/^q1:[\w-]+=*$/)
})

test('each of several requests gets the reply to its own', async () => {
  const at = await world()
  at.apply(MANIFESTS)
  at.subscribers.worker = request => toReply(request, `to ${request.headers['ce-id']}`)
  const ids = ['a', 'b', 'c', 'd']
  const answers = await Promise.all(ids.map(id => at.publish(URL, { type: 'question', id })))
  expect(answers.map(({ body }) => Buffer.from(body).toString())).toEqual(ids.map(id => `to ${id}`))
})

test('without a reply the request ends after the timeout, with 200 and nothing', async () => {
  const at = await world()
  at.apply(MANIFESTS)
  const asked = at.publish(URL, { type: 'question' })
  await until(() => at.requests.length === 1)
  await at.eventing.idle()
  await at.clock.advance(29_999)
  let ended = false
  void asked.then(() => {
    ended = true
  })
  expect(ended).toBe(false)
  await at.clock.advance(1)
  const answered = await asked
  expect([answered.status, answered.body.length]).toEqual([200, 0])
  expect(at.lines.find(({ level }) => level === 'warn')?.message).toBe(
    'no reply within 30 s: answered 200 without a body, as on a cluster',
  )
})

test('a timeout beyond a minute is a minute', async () => {
  const at = await world()
  at.apply(MANIFESTS.replace('  brokerRef', '  timeout: PT10M\n  brokerRef'))
  const asked = at.publish(URL, { type: 'question' })
  await until(() => at.requests.length === 1)
  await at.eventing.idle()
  await at.clock.advance(60_000)
  expect((await asked).status).toBe(200)
})

test('a made-up reply id is refused, and no trigger brings one', async () => {
  const at = await world()
  at.apply(MANIFESTS)
  const made = await at.publish(`${URL}/reply`, { replyid: 'q1:AAAA' })
  expect(made.status).toBe(400)
  expect((await at.publish(`${URL}/reply`)).status).toBe(400)
  at.subscribers.worker = () => answer(202)
  await at.publish(BROKER, {
    type: 'other',
    replyid: 'q1:AAAA',
  })
  await at.eventing.idle()
  expect(at.eventing.events({ limit: 1 })[0]?.state).toBe('filtered')
})

test('a broker that is not there is a 500', async () => {
  const at = await world({}, { brokers: [] })
  at.apply(MANIFESTS)
  expect((await at.publish(URL, { type: 'question' })).status).toBe(500)
  expect(at.condition('RequestReply', 'ask', 'BrokerReady')?.reason).toBe('NotFound')
})

test.each([
  ['GET', URL, 405],
  ['OPTIONS', URL, 200],
  ['POST', URL.replace('/app/ask', '/'), 404],
  ['POST', URL.replace('/ask', ''), 400],
  ['POST', URL.replace('/ask', '/gone'), 404],
])('%s %s is %d', async (method, url, status) => {
  const at = await world()
  at.apply(MANIFESTS)
  const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' }
  expect((await at.send({ method, url, headers })).status).toBe(status)
})

test('it owns its trigger, which goes with it', async () => {
  const at = await world()
  at.apply(MANIFESTS)
  expect(at.object('Trigger', 'ask0-1')?.metadata.ownerReferences?.[0]).toMatchObject({
    kind: 'RequestReply',
    name: 'ask',
  })
  await until(() => at.condition('RequestReply', 'ask')?.status === 'True')
  expect(at.object('RequestReply', 'ask')?.status).toMatchObject({ address: { url: URL } })
  expect(at.object('RequestReply', 'ask')?.spec).toMatchObject({
    timeout: 'PT30S',
    correlationAttribute: 'correlationid',
    replyAttribute: 'replyid',
  })
  at.resources.remove('RequestReply', 'app', 'ask')
  expect(at.object('Trigger', 'ask0-1')).toBeUndefined()
  expect((await at.publish(URL)).status).toBe(404)
})
