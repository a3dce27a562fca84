import { expect, test } from 'vitest'
import { replyEvent, until } from '../fixture.ts'
import { awaitRequest, BROKER, world } from '../resources.fixture.ts'
import { AUDIENCE, JOB_SINK, ME, ON, policy, post, TO_BROKER } from './policy.fixture.ts'

const LINE = `
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: { name: line, namespace: app }
spec:
  steps: [{ uri: http://first.test/ }, { uri: http://second.test/ }]
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: to-line, namespace: app }
spec:
  broker: default
  filter: { attributes: { type: test.happened } }
  subscriber: { ref: { apiVersion: flows.knative.dev/v1, kind: Sequence, name: line } }
`
const TO_LINE = 'system:serviceaccount:app:to-line-oidc-eventing.knative.dev-trigger'

test('deliveries go in by the identity of their trigger or subscription', async () => {
  const at = await world({ features: ON })
  at.subscribers.first = () => replyEvent('r', 'r')
  at.apply(LINE)
  await until(() => at.condition('Trigger', 'to-line')?.status === 'True')
  expect(at.object('Trigger', 'to-line')?.status).toMatchObject({
    auth: { serviceAccountName: 'to-line-oidc-eventing.knative.dev-trigger' },
  })
  expect(await post(at, ME)).toBe(202)
  const { headers } = await awaitRequest(at, ({ url }) => url === 'http://second.test/')
  // An address outside has no audience.
  expect(headers.authorization).toBeUndefined()
})

test('the header that names a namespace proves nothing', async () => {
  const at = await world({ features: ON })
  const { status } = await at.publish(BROKER, {}, '', { 'kn-namespace': 'app' })
  expect(status).toBe(401)
})

test.each([
  [TO_LINE, 'delivered'],
  ['system:serviceaccount:app:somebody-else', 'failed'],
])(
  'a policy of a Sequence that lets in %s is kept at its first channel: %s',
  async (sub, state) => {
    const at = await world({ features: ON })
    const to = 'to: [{ ref: { apiVersion: flows.knative.dev/v1, kind: Sequence, name: line } }]'
    at.apply(`${policy(`  ${to}\n  from: [{ sub: "${sub}" }]`)}---${LINE}`)
    await until(() => at.condition('Trigger', 'to-line')?.status === 'True')
    at.eventing.apply({
      file: 'test.yaml',
      line: 1,
      namespace: 'app',
      name: 'default',
      labels: {},
      annotations: {},
      delivery: { retry: 0 },
    })
    expect(await post(at, ME)).toBe(202)
    await at.eventing.idle()
    const found = at.eventing.events({ limit: 10, broker: 'app/default' })
    expect(found).toMatchObject([{ state }])
  },
)

test('a delivery to a JobSink carries a token for it', async () => {
  const at = await world({ features: ON })
  at.apply(`${JOB_SINK}---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: jobs, namespace: app }
spec:
  broker: default
  subscriber: { ref: { apiVersion: sinks.knative.dev/v1alpha1, kind: JobSink, name: work } }
`)
  await until(() => at.condition('Trigger', 'jobs')?.status === 'True')
  expect(await post(at, ME)).toBe(202)
  await at.eventing.idle()
  expect(at.eventing.events({ limit: 1 })).toMatchObject([
    { state: 'delivered', deliveries: [{ attempts: [{ status: 202 }] }] },
  ])
})

test('an answer that may not come in goes where dead letters go', async () => {
  const at = await world({ features: ON })
  at.subscribers.first = () => replyEvent('r', 'r')
  at.apply(`${policy(`${TO_BROKER}\n  from: [{ sub: "${ME}" }]`)}---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: one, namespace: app }
spec:
  broker: default
  filter: { attributes: { type: test.happened } }
  subscriber: { uri: http://first.test/ }
  delivery: { deadLetterSink: { uri: http://dead.test/ } }
`)
  expect(await post(at, ME)).toBe(202)
  const { headers } = await awaitRequest(at, ({ url }) => url === 'http://dead.test/')
  expect(headers['ce-knativeerrorcode']).toBe('403')
})

test('a Broker says its audience and its policies', async () => {
  const at = await world({ features: ON })
  at.eventing.refresh()
  expect(at.object('Broker', 'default')?.status).toMatchObject({ address: { audience: AUDIENCE } })
  expect(at.condition('Broker', 'default', 'EventPoliciesReady')).toMatchObject({
    reason: 'DefaultAuthorizationMode',
  })
  at.apply(policy(TO_BROKER))
  await until(() => at.object('Broker', 'default')?.status?.policies !== undefined)
})
