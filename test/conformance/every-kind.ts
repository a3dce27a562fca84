/** One ready object of each kind that a user meets, for rules that hold for all of them. */
import type { Resource } from './target/resource.ts'
import type { Trial } from './trial.ts'

/** A Service with what it made, a Broker with a Trigger, and a Channel with a Subscription. */
export async function everyKind(t: Trial): Promise<Resource[]> {
  const { name, resource } = await t.probe()
  const broker = await t.broker()
  const trigger = await t.trigger(broker, { subscriber: { uri: 'http://example.com/' } })
  const channel = t.name('channel')
  const { apiVersion, kind } = await t.kube.create('Channel', { metadata: { name: channel } })
  const subscription = t.name('subscription')
  const spec = {
    channel: { apiVersion, kind, name: channel },
    subscriber: trigger.spec?.subscriber,
  }
  await t.kube.create('Subscription', { metadata: { name: subscription }, spec })
  const made = await Promise.all([
    t.settled('Channel', channel),
    t.settled('Subscription', subscription),
    t.settled('Configuration', name),
    t.settled('Route', name),
    t.settled('Revision', resource.status?.latestReadyRevisionName ?? ''),
  ])
  return [resource, ...made, broker.resource, trigger]
}

/** A Service with what it made after its process failed, and a Trigger without its Broker. */
export async function everyFailedKind(t: Trial): Promise<Resource[]> {
  const annotations = { 'serving.knative.dev/progress-deadline': '4s' }
  const { metadata } = await t.apply({ env: { PROBE_EXIT: '5' }, annotations })
  const { name } = metadata
  const trigger = t.name('trigger')
  const spec = { broker: t.name('missing'), subscriber: { uri: 'http://example.com/' } }
  await t.kube.create('Trigger', { metadata: { name: trigger }, spec })
  return Promise.all([
    t.settled('Service', name, 'False'),
    t.settled('Configuration', name, 'False'),
    t.settled('Revision', `${name}-00001`, 'False'),
    t.settled('Trigger', trigger, 'False'),
  ])
}
