import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 30,
  level: 'must',
  source: 'serving-api',
  title: 'labels and annotations of a Service are those of its Configuration and Route',
  test: async t => {
    const { name } = await t.probe({
      metadata: { labels: { colour: 'teal' }, annotations: { 'a/b': 'c' } },
    })
    const read = async () =>
      Promise.all((['Route', 'Configuration'] as const).map(kind => t.kube.get(kind, name)))
    for (const { metadata } of await read()) {
      t.equal([metadata.labels?.colour, metadata.annotations?.['a/b']], ['teal', 'c'], 'the copies')
    }
    await t.kube.patch('Service', name, { metadata: { labels: { colour: null } } })
    await t.until('both lost the label', async () =>
      (await read()).every(({ metadata }) => metadata.labels?.colour === undefined),
    )
  },
}
