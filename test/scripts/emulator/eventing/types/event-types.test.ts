import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { until } from '../fixture.ts'
import { BROKER, world } from '../resources.fixture.ts'

const TYPE = `
apiVersion: eventing.knative.dev/v1beta3
kind: EventType
metadata: { name: known, namespace: app }
spec:
  reference: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default }
  description: what happens
  attributes:
    - { name: type, value: test.happened, required: true }
    - { name: source, value: /test, required: true }
    - { name: specversion, value: "1.0", required: true }
    - { name: id, required: true }
`

test('it is ready while what it refers to exists', async () => {
  const at = await world()
  at.apply(TYPE)
  expect(at.condition('EventType', 'known')?.status).toBe('True')
  expect(at.object('EventType', 'known')?.spec).toMatchObject({
    reference: { kind: 'Broker', name: 'default', namespace: 'app' },
  })
  at.eventing.remove('Broker', 'app', 'default')
  await until(() => at.condition('EventType', 'known')?.reason === 'ReferenceDoesNotExist')
  at.resources.remove('EventType', 'app', 'known')
  expect(at.object('EventType', 'known')).toBeUndefined()
})

test('with eventtype-auto-create each new type of event makes one', async () => {
  const at = await world({ features: { 'eventtype-auto-create': 'enabled' } })
  for (const id of ['1', '2']) await at.publish(BROKER, { id })
  await at.publish(BROKER, { id: '3', type: 'other.happened' })
  await until(() => at.resources.objects().length === 2)
  const hash = createHash('md5').update('test.happened/testappdefault').digest('hex')
  const made = at.object('EventType', `et-default-${hash}`)
  expect(made?.spec).toEqual({
    attributes: [
      { name: 'type', value: 'test.happened', required: true },
      { name: 'source', value: '/test', required: true },
      { name: 'schemadata', value: '', required: true },
      { name: 'specversion', value: '1.0', required: true },
      { name: 'id', required: false },
    ],
    reference: {
      apiVersion: 'eventing.knative.dev/v1',
      kind: 'Broker',
      name: 'default',
      namespace: 'app',
    },
    description: 'Event Type auto-created by controller',
  })
  const { uid } = at.object('Broker', 'default')?.metadata ?? {}
  expect(made?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Broker', uid })
  at.eventing.remove('Broker', 'app', 'default')
  await until(() => at.resources.objects().length === 0)
})

test('without the feature none is made', async () => {
  const at = await world()
  await at.publish(BROKER)
  await at.eventing.idle()
  expect(at.resources.objects()).toEqual([])
})
