import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 56,
  level: 'must',
  source: 'control-plane',
  title: 'the class of a Broker has a default and does not change',
  test: async t => {
    const { name, resource } = await t.broker()
    const key = 'eventing.knative.dev/broker.class'
    t.ok(Boolean(resource.metadata.annotations?.[key]), 'the class must have a default')
    const change = t.kube.patch('Broker', name, { metadata: { annotations: { [key]: 'Other' } } })
    await t.refused(change, /Immutable fields changed/, 'another class')
  },
}
