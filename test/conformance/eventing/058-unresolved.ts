import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 58,
  level: 'must',
  source: 'control-plane',
  title: 'a Trigger whose subscriber is not there is not ready, and says why',
  test: async t => {
    const name = t.name('trigger')
    const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: t.name('missing') }
    const spec = { broker: (await t.broker()).name, subscriber: { ref } }
    await t.kube.create('Trigger', { metadata: { name }, spec })
    const trigger = await t.settled('Trigger', name, 'False')
    t.equal(trigger.status?.subscriberUri ?? '', '', 'subscriberUri')
    t.ok(Boolean(conditionOf(trigger)?.reason), 'Ready must have a reason')
  },
}
