import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 45,
  level: 'must',
  source: 'serving-api',
  title: 'the status of a Service has its addresses, traffic and latest Revisions',
  test: async t => {
    const { name, resource } = await t.shared()
    const { url, address, traffic, observedGeneration } = resource.status ?? {}
    t.match(url, /^https?:\/\/.+/, 'url')
    t.match(address?.url, new RegExp(`^https?://${name}\\.${t.namespace}\\.svc\\.`), 'address.url')
    t.equal(
      traffic,
      [{ revisionName: `${name}-00001`, latestRevision: true, percent: 100 }],
      'traffic',
    )
    t.equal(observedGeneration, resource.metadata.generation, 'observedGeneration')
  },
}
