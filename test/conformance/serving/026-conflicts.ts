import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 26,
  level: 'must',
  source: 'serving-api',
  title: 'a second of the same name and an outdated replacement are conflicts',
  test: async t => {
    const first = await t.apply()
    const { name } = first.metadata
    await t.refused(t.apply({ name }), /already exists/, 'a second')
    await t.kube.patch('Service', name, { metadata: { labels: { colour: 'teal' } } })
    await t.refused(t.kube.replace('Service', first), /modified|conflict/i, 'an outdated one')
  },
}
