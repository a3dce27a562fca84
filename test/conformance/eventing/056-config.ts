import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 56,
  level: 'must',
  source: 'control-plane',
  title: 'the config of a Broker does not change',
  test: async t => {
    const { name } = await t.broker()
    const config = { apiVersion: 'v1', kind: 'ConfigMap', name: 'other', namespace: t.namespace }
    const change = t.kube.patch('Broker', name, { spec: { config } })
    await t.refused(change, /Immutable fields changed/, 'another config')
  },
}
