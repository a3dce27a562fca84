import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 32,
  level: 'must',
  source: 'serving-api',
  title: 'a Revision takes the name that the template gives, and not for another template',
  test: async t => {
    const name = t.name()
    const probe = await t.probe({ name, template: { name: `${name}-teal` } })
    t.equal(probe.resource.status?.latestReadyRevisionName, `${name}-teal`, 'the name')
    const change = { spec: { template: { spec: { timeoutSeconds: 77 } } } }
    await t.refused(t.kube.patch('Service', name, change), /without a name change/, 'the same name')
    const foreign = t.apply({ template: { name: 'teal' } })
    await t.refused(foreign, /must have prefix/, 'a name without the prefix')
  },
}
