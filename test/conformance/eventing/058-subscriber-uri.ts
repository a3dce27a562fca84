import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 58,
  level: 'must',
  source: 'control-plane',
  title: 'the subscriber of a Trigger is resolved before it is ready',
  test: async t => {
    const probe = await t.probe()
    const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: probe.name }
    const { status } = await t.trigger(await t.broker(), { subscriber: { ref } })
    const { url = '' } = probe.resource.status?.address ?? {}
    t.equal(status?.subscriberUri?.replace(/\/$/, ''), url, 'subscriberUri')
  },
}
