import { describe, expect, it } from 'vitest'
import type { ReadinessOf } from '../../../../scripts/emulator/eventing/reconciled.ts'
import type { ObjectReference } from '../../../../scripts/emulator/eventing/resolve.ts'
import { bench, DEFAULT_BROKER, event, trigger } from './fixture.ts'
import { conditions, KSVC, object } from './objects.fixture.ts'

describe('a Trigger', () => {
  it('is shown ready with its label, its subscriber and an empty filter', async () => {
    const { eventing } = await bench({ triggers: [trigger('one')] })
    const shown = object(eventing, 'Trigger', 'one')
    expect(conditions(shown)).toEqual([
      'BrokerReady: True',
      'DeadLetterSinkResolved: True | DeadLetterSinkNotConfigured | No dead letter sink is configured.',
      'DependencyReady: True',
      'OIDCIdentityCreated: True | authentication-oidc feature disabled',
      'Ready: True',
      'SubscriberResolved: True',
      'SubscriptionReady: True',
    ])
    expect(shown).toMatchObject({
      metadata: { labels: { 'eventing.knative.dev/broker': 'default' } },
      spec: { broker: 'default', filter: {}, subscriber: { uri: 'http://one.test/' } },
      status: { subscriberUri: 'http://one.test/' },
    })
  })

  it('of no broker says so, and leaves the rest open', async () => {
    const { eventing } = await bench({ brokers: [], triggers: [trigger('one')] })
    expect(conditions(object(eventing, 'Trigger', 'one'))).toEqual([
      'BrokerReady: False | BrokerDoesNotExist | Broker "default" does not exist',
      'DeadLetterSinkResolved: Unknown',
      'DependencyReady: Unknown',
      'OIDCIdentityCreated: Unknown',
      'Ready: False | BrokerDoesNotExist | Broker "default" does not exist',
      'SubscriberResolved: Unknown',
      'SubscriptionReady: Unknown',
    ])
  })

  it('gets no event before its subscriber was there, and the ledger says why', async () => {
    const known = new Set<string>()
    const { eventing, requests } = await bench({
      triggers: [trigger('one', { subscriber: { ref: KSVC } })],
      resolveRef: ({ name }) =>
        known.has(name) ? `http://${name}.app.svc.cluster.local` : undefined,
    })
    const why =
      'Unable to get the Subscriber\'s URI: failed to get object app/orders: services.serving.knative.dev "orders" not found'
    await eventing.publish(DEFAULT_BROKER, event({ id: 'early' }))
    expect(eventing.event('early')).toMatchObject({
      state: 'filtered',
      reason: `no subscriber was ready; trigger app/one is not: ${why}`,
      misses: [{ trigger: 'app/one', wanted: 'to be ready', got: why }],
    })
    expect(eventing.status().triggers).toMatchObject([{ ready: false, reason: why }])
    known.add('orders')
    eventing.refresh()
    await eventing.publish(DEFAULT_BROKER, event({ id: 'late' }))
    await eventing.idle()
    expect(requests.map(({ url }) => url)).toEqual(['http://orders.app.svc.cluster.local'])
  })

  it('that lost its subscriber still gets events, which count as answered 404', async () => {
    const known = new Set(['orders'])
    const { eventing } = await bench({
      triggers: [
        trigger('one', {
          subscriber: { ref: KSVC },
          delivery: { retry: 1, deadLetterSink: { uri: 'http://dlq.test/' } },
        }),
      ],
      resolveRef: ({ name }) => (known.has(name) ? `http://${name}.test/` : undefined),
    })
    known.clear()
    eventing.refresh()
    expect(conditions(object(eventing, 'Trigger', 'one'))).toContainEqual(
      expect.stringMatching(/^Ready: False \| Unable to get the Subscriber's URI/),
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(eventing.event('e1')).toMatchObject({
      state: 'deadLettered',
      deliveries: [
        {
          attempts: [
            { status: 404, error: "Unable to get the Subscriber's URI" },
            { status: 404 },
            { to: 'deadLetterSink', status: 202 },
          ],
        },
      ],
    })
  })

  it('waits for the source that its annotation names', async () => {
    const asked: ObjectReference[] = []
    let condition: ReturnType<ReadinessOf>
    const source = { kind: 'PingSource', name: 'tick', apiVersion: 'sources.knative.dev/v1' }
    const { eventing } = await bench({
      triggers: [
        trigger('one', { annotations: { 'knative.dev/dependency': JSON.stringify(source) } }),
      ],
      readinessOf: reference => {
        asked.push(reference)
        return condition
      },
    })
    const ready = (): string | undefined =>
      conditions(object(eventing, 'Trigger', 'one')).find(line => line.startsWith('Ready'))
    expect(ready()).toBe(
      'Ready: False | DependencyDoesNotExist | Dependency does not exist: PingSource "tick"',
    )
    expect(asked[0]).toEqual({ ...source, namespace: 'app' })
    condition = { status: 'False', reason: 'NotFound', message: 'no sink' }
    eventing.refresh()
    expect(ready()).toBe('Ready: False | NotFound | no sink')
    condition = { status: 'False' }
    eventing.refresh()
    expect(ready()).toBe('Ready: False | PingSourceNotReady | PingSource "tick" is not ready')
    condition = { status: 'True' }
    eventing.refresh()
    expect(ready()).toBe('Ready: True')
  })

  it('keeps its identity while its spec changes, and its broker cannot change', async () => {
    const { eventing } = await bench({ triggers: [trigger('one')] })
    const { metadata } = object(eventing, 'Trigger', 'one')
    eventing.apply(trigger('one', { filter: { type: 'x' } }))
    expect(object(eventing, 'Trigger', 'one')).toMatchObject({
      metadata: { uid: metadata.uid, generation: 2 },
      spec: { filter: { attributes: { type: 'x' } } },
      status: { observedGeneration: 2 },
    })
    eventing.apply(trigger('one', { filter: { type: 'x' }, labels: { a: 'b' } }))
    expect(object(eventing, 'Trigger', 'one').metadata).toMatchObject({
      generation: 2,
      labels: { a: 'b' },
    })
    expect(() => eventing.apply(trigger('one', { broker: 'other' }))).toThrow(
      'eventing/test.yaml:1: trigger app/one: Immutable fields changed (-old +new): spec, broker',
    )
  })
})
