import { describe, expect, it } from 'vitest'
import {
  answer,
  bench,
  broker,
  channel,
  DEFAULT_BROKER,
  event,
  subscription,
  trigger,
} from './fixture.ts'
import { conditions, KSVC, object } from './objects.fixture.ts'

const READY_BROKER = [
  'Addressable: True',
  'DeadLetterSinkResolved: True | DeadLetterSinkNotConfigured | No dead letter sink is configured.',
  'EventPoliciesReady: True | OIDCDisabled | Feature "authentication-oidc" must be enabled to support Authorization',
  'FilterReady: True',
  'IngressReady: True',
  'Ready: True',
  'TriggerChannelReady: True',
]

describe('a Broker', () => {
  it('is shown ready, with its address, the defaults of its spec, and the channel behind it', async () => {
    const { eventing } = await bench()
    const shown = object(eventing, 'Broker', 'default')
    expect(conditions(shown)).toEqual(READY_BROKER)
    expect(shown).toMatchObject({
      apiVersion: 'eventing.knative.dev/v1',
      metadata: {
        namespace: 'app',
        generation: 1,
        creationTimestamp: '2026-01-01T00:00:00Z',
        annotations: { 'eventing.knative.dev/broker.class': 'MTChannelBasedBroker' },
      },
      spec: {
        config: { kind: 'ConfigMap', name: 'config-br-default-channel' },
        delivery: { retry: 10, backoffPolicy: 'exponential', backoffDelay: 'PT0.2S' },
      },
      status: {
        observedGeneration: 1,
        address: {
          name: 'http',
          url: 'http://broker-ingress.knative-eventing.svc.cluster.local/app/default',
        },
        annotations: {
          'knative.dev/channelAPIVersion': 'messaging.knative.dev/v1',
          'knative.dev/channelKind': 'InMemoryChannel',
          'knative.dev/channelName': 'default-kne-trigger',
          'knative.dev/channelAddress':
            'http://default-kne-trigger-kn-channel.app.svc.cluster.local',
        },
      },
    })
  })

  it('is not ready while its dead letter sink cannot be found, and no trigger of it either', async () => {
    let exists = false
    const { eventing } = await bench({
      brokers: [broker({ delivery: { deadLetterSink: { ref: KSVC } } })],
      triggers: [trigger('one')],
      resolveRef: () => (exists ? 'http://orders.app.svc.cluster.local' : undefined),
    })
    const why = `Unable to get the dead letter sink's URI | failed to get object app/orders: services.serving.knative.dev "orders" not found`
    expect(conditions(object(eventing, 'Broker', 'default'))).toContain(`Ready: False | ${why}`)
    const trial = conditions(object(eventing, 'Trigger', 'one'))
    expect(trial).toContain(`BrokerReady: False | ${why}`)
    expect(trial).toContain('SubscriberResolved: Unknown')
    exists = true
    eventing.refresh()
    expect(object(eventing, 'Broker', 'default').status).toMatchObject({
      deadLetterSinkUri: 'http://orders.app.svc.cluster.local',
    })
    expect(object(eventing, 'Trigger', 'one').status).toMatchObject({
      deadLetterSinkUri: 'http://orders.app.svc.cluster.local',
      subscriberUri: 'http://one.test/',
    })
    expect(conditions(object(eventing, 'Trigger', 'one'))).toContain('Ready: True')
  })

  it('of another class is emulated all the same, and a warning says so', async () => {
    const annotations = { 'eventing.knative.dev/broker.class': 'Kafka' }
    const { lines } = await bench({ brokers: [broker({ annotations })] })
    expect(lines).toContainEqual({
      level: 'warn',
      scope: 'broker',
      message:
        'eventing/test.yaml:1: broker app/default: class Kafka is emulated as MTChannelBasedBroker',
    })
  })
})

describe('a Channel', () => {
  it('brings an InMemoryChannel of its name, and both name their ready subscribers', async () => {
    const { eventing } = await bench({
      channels: [channel('pipe')],
      subscriptions: [subscription('one'), subscription('two', { subscriber: { ref: KSVC } })],
      resolveRef: () => undefined,
    })
    const { uid } = object(eventing, 'Subscription', 'one').metadata
    const url = 'http://pipe-kn-channel.app.svc.cluster.local'
    const shown = object(eventing, 'Channel', 'pipe')
    expect(shown).toMatchObject({
      spec: { channelTemplate: { kind: 'InMemoryChannel' } },
      status: {
        address: { url },
        channel: { kind: 'InMemoryChannel', name: 'pipe', namespace: 'app' },
        subscribers: [{ uid, observedGeneration: 1, ready: 'True' }],
      },
    })
    expect(conditions(shown)).toContain('BackingChannelReady: True')
    const backing = object(eventing, 'InMemoryChannel', 'pipe')
    expect(backing).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'Channel', uid: shown.metadata.uid }] },
      status: { address: { url }, subscribers: [{ uid }] },
    })
    expect(backing.metadata.uid).not.toBe(shown.metadata.uid)
    expect(conditions(backing).map(line => line.split(':')[0])).toEqual([
      'Addressable',
      'ChannelServiceReady',
      'DeadLetterSinkResolved',
      'DispatcherReady',
      'EndpointsReady',
      'EventPoliciesReady',
      'Ready',
      'ServiceReady',
    ])
  })
})

describe('a Subscription', () => {
  it('is shown ready with what its references lead to', async () => {
    const owner = { apiVersion: 'flows.knative.dev/v1', kind: 'Sequence', name: 's', uid: 'u' }
    const { eventing } = await bench({
      channels: [channel('pipe', { delivery: { deadLetterSink: { uri: 'http://dlq.test/' } } })],
      subscriptions: [
        subscription('one', {
          reply: { uri: 'http://hear.test/' },
          ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
        }),
      ],
    })
    const shown = object(eventing, 'Subscription', 'one')
    expect(conditions(shown)).toEqual([
      'AddedToChannel: True',
      'ChannelReady: True',
      'OIDCIdentityCreated: True | authentication-oidc feature disabled',
      'Ready: True',
      'ReferencesResolved: True',
    ])
    expect(shown).toMatchObject({
      metadata: { ownerReferences: [owner] },
      status: {
        physicalSubscription: {
          subscriberUri: 'http://one.test/',
          replyUri: 'http://hear.test/',
          deadLetterSinkUri: 'http://dlq.test/',
        },
      },
    })
  })

  it.each([
    [
      subscription('one', { channel: { kind: 'Channel', name: 'none' } }),
      'ChannelReferenceFailed | Failed to get Spec.Channel or backing channel: channels.messaging.knative.dev "none" not found',
    ],
    [
      subscription('one', { subscriber: { ref: KSVC } }),
      'SubscriberResolveFailed | Failed to resolve spec.subscriber: failed to get object app/orders: services.serving.knative.dev "orders" not found',
    ],
    [
      subscription('one', { reply: { ref: KSVC } }),
      'ReplyResolveFailed | Failed to resolve spec.reply: failed to get object app/orders: services.serving.knative.dev "orders" not found',
    ],
    [
      subscription('one', { delivery: { deadLetterSink: { ref: KSVC } } }),
      'DeadLetterSinkResolveFailed | Failed to resolve spec.delivery.deadLetterSink: failed to get object app/orders: services.serving.knative.dev "orders" not found',
    ],
  ])('says what cannot be found: %#', async (resource, why) => {
    const { eventing } = await bench({
      channels: [channel('pipe')],
      subscriptions: [resource],
      resolveRef: () => undefined,
    })
    expect(conditions(object(eventing, 'Subscription', 'one'))).toContain(`Ready: False | ${why}`)
  })
})

it('tells its listeners of every change until they stop listening', async () => {
  const { eventing } = await bench()
  let changes = 0
  const stop = eventing.onChange(() => {
    changes += 1
  })
  eventing.apply(trigger('one'))
  eventing.remove('Trigger', 'app', 'one')
  eventing.remove('Trigger', 'app', 'one')
  eventing.refresh()
  expect(changes).toBe(3)
  stop()
  eventing.refresh()
  expect(changes).toBe(3)
  expect(eventing.objects().map(({ kind }) => kind)).toEqual(['Broker'])
})

it('passes resolved addresses to the wire', async () => {
  const { eventing, requests } = await bench(
    { triggers: [trigger('one', { subscriber: { ref: KSVC, uri: '/hook' } })] },
    { 'orders.app.svc.cluster.local': () => answer(204) },
  )
  await eventing.publish(DEFAULT_BROKER, event())
  await eventing.idle()
  expect(requests[0]?.url).toBe('http://orders.app.svc.cluster.local/hook')
})
