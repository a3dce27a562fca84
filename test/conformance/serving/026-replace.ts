import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 26,
  level: 'must',
  source: 'serving-api',
  title: 'a Service is replaced as a whole',
  test: async t => {
    const { metadata } = await t.apply({ metadata: { labels: { colour: 'teal' } } })
    const service = await t.settled('Service', metadata.name)
    const labels = { colour: 'red' }
    await t.kube.replace('Service', { ...service, metadata: { ...service.metadata, labels } })
    const { metadata: after } = await t.kube.get('Service', metadata.name)
    t.equal(after.labels?.colour, 'red', 'the label')
    t.equal(
      after.generation,
      service.metadata.generation,
      'the generation, for its spec is the same',
    )
  },
}
