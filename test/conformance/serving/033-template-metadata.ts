import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 33,
  level: 'must',
  source: 'serving-api',
  title: 'a Revision has the labels and annotations of the template, not those of the Service',
  test: async t => {
    const template = { labels: { shape: 'round' }, annotations: { 'a/b': 'c' } }
    const { name } = await t.probe({ metadata: { labels: { colour: 'teal' } }, template })
    const { labels, annotations } = (await t.kube.get('Revision', `${name}-00001`)).metadata
    t.equal([labels?.shape, annotations?.['a/b']], ['round', 'c'], "the template's")
    t.equal(labels?.colour, undefined, "the Service's label")
  },
}
