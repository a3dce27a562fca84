import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 26,
  level: 'should',
  source: 'serving-api',
  title: 'a Service is changed by a JSON merge patch',
  test: async t => {
    const { metadata } = await t.apply({ metadata: { labels: { colour: 'teal', shape: 'round' } } })
    await t.kube.patch('Service', metadata.name, { metadata: { labels: { colour: null } } })
    const { labels } = (await t.kube.get('Service', metadata.name)).metadata
    t.equal([labels?.colour, labels?.shape], [undefined, 'round'], 'the labels')
  },
}
