import { expect, test } from 'vitest'
import { until } from '../fixture.ts'
import { awaitRequest, BROKER, world } from '../resources.fixture.ts'
import { AUDIENCE, JOB_SINK, ME, ON, policy, post, TO_BROKER } from './policy.fixture.ts'

test('while authentication is off a policy protects nothing, and says so', async () => {
  const at = await world()
  at.apply(policy(TO_BROKER))
  expect(await post(at)).toBe(202)
  expect(at.condition('EventPolicy', 'guard')).toMatchObject({
    status: 'False',
    message: 'oidc-authentication feature not enabled',
  })
  expect(at.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
})

test('no token, a foreign one and one for something else are 401', async () => {
  const at = await world({ features: ON })
  expect(await post(at)).toBe(401)
  const other = await world({ features: ON })
  const foreign = await other.resources.tokens.issue(ME, AUDIENCE)
  const answered = await at.publish(BROKER)
  expect(answered.status).toBe(401)
  const { status } = await at.publish(BROKER, {}, '', { authorization: `Bearer ${foreign}` })
  expect(status).toBe(401)
  const elsewhere = 'eventing.knative.dev/broker/app/other'
  expect(await post(at, ME, 'x', elsewhere)).toBe(401)
})

test('an expired token is 401', async () => {
  const at = await world({ features: ON })
  const token = await at.resources.tokens.issue(ME, AUDIENCE)
  await at.clock.advance(3_601_000)
  const { status } = await at.publish(BROKER, {}, '', { authorization: `Bearer ${token}` })
  expect(status).toBe(401)
})

test.each([
  ['allow-same-namespace', 202, 403],
  ['allow-all', 202, 202],
  ['deny-all', 403, 403],
] as const)('without a policy the mode %s decides', async (mode, own, other) => {
  const at = await world({ features: { ...ON, 'default-authorization-mode': mode } })
  expect(await post(at, ME)).toBe(own)
  expect(await post(at, 'system:serviceaccount:elsewhere:me')).toBe(other)
})

test('a policy lets in its subjects with the events that its filters want, and nobody else', async () => {
  const at = await world({ features: ON })
  at.apply(
    policy(
      `${TO_BROKER}\n  from: [{ sub: "system:serviceaccount:elsewhere:*" }]\n  filters: [{ prefix: { type: good. } }]`,
    ),
  )
  expect(at.object('EventPolicy', 'guard')?.status).toMatchObject({
    from: ['system:serviceaccount:elsewhere:*'],
  })
  expect(await post(at, 'system:serviceaccount:elsewhere:me', 'good.one')).toBe(202)
  expect(await post(at, 'system:serviceaccount:elsewhere:me', 'bad.one')).toBe(403)
  expect(await post(at, ME, 'good.one')).toBe(403)
})

test('a policy for another object, or with other labels, does not count', async () => {
  const at = await world({ features: ON })
  at.apply(policy(TO_BROKER.replace('name: default', 'name: other')))
  expect(await post(at, ME)).toBe(202)
  const selector = '{ apiVersion: eventing.knative.dev/v1, kind: Broker, matchLabels: { a: b } }'
  at.apply(policy(`  to: [{ selector: ${selector} }]`))
  expect(await post(at, ME)).toBe(202)
  at.apply(policy('  from: []'))
  expect(await post(at, ME)).toBe(403)
})

test('a source that is a subject gets in with its own identity', async () => {
  const at = await world({ features: ON })
  const ref = '{ apiVersion: sources.knative.dev/v1, kind: PingSource, name: tick }'
  at.apply(policy(`${TO_BROKER}\n  from: [{ ref: ${ref} }]`))
  expect(at.condition('EventPolicy', 'guard', 'SubjectsResolved')?.status).toBe('False')
  at.apply(`
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: { name: tick, namespace: app }
spec:
  schedule: "* * * * *"
  sink: { ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default } }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: pings, namespace: app }
spec:
  broker: default
  subscriber: { uri: http://seen.test/ }
`)
  await until(() => at.condition('EventPolicy', 'guard')?.status === 'True')
  await at.clock.advance(60_000)
  await awaitRequest(at, ({ url }) => url === 'http://seen.test/')
  expect(await post(at, ME)).toBe(403)
})

test('a JobSink asks as well', async () => {
  const at = await world({ features: ON })
  at.apply(JOB_SINK)
  const url = 'http://job-sink.knative-eventing.svc.cluster.local/app/work'
  expect((await at.publish(url)).status).toBe(401)
  const token = await at.resources.tokens.issue(ME, 'sinks.knative.dev/jobsink/app/work')
  const { status } = await at.publish(url, {}, '', { authorization: `Bearer ${token}` })
  expect(status).toBe(202)
})

test('what it protects says so', async () => {
  const at = await world({ features: ON })
  at.apply(`
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: { name: line, namespace: app, labels: { a: b } }
spec: { steps: [{ uri: http://first.test/ }] }
`)
  expect(at.condition('Sequence', 'line', 'EventPoliciesReady')).toMatchObject({
    status: 'True',
    reason: 'DefaultAuthorizationMode',
    message: 'Default authz mode is "allow-same-namespace"',
  })
  const selector = '{ apiVersion: flows.knative.dev/v1, kind: Sequence, matchLabels: { a: b } }'
  at.apply(policy(`  to: [{ selector: ${selector} }]`))
  await until(() => at.object('Sequence', 'line')?.status?.policies !== undefined)
  expect(at.object('Sequence', 'line')?.status?.policies).toEqual([
    { apiVersion: 'eventing.knative.dev/v1alpha1', name: 'guard' },
  ])
})
