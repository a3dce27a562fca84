import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 67,
  level: 'must',
  source: 'control-plane',
  title: 'a Service of Kubernetes is a destination by its host name',
  test: async t => {
    const { name, resource } = await t.probe()
    const ref = { apiVersion: 'v1', kind: 'Service', name }
    const { status } = await t.trigger(await t.broker(), { subscriber: { ref } })
    const { host } = new URL(resource.status?.address?.url ?? '')
    t.equal(new URL(status?.subscriberUri ?? '').host, host, 'the host of subscriberUri')
  },
}
