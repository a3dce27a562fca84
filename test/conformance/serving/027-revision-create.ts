import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 27,
  level: 'must',
  source: 'serving-api',
  title: 'a client does not create Revisions',
  notOnCluster: 'the reference implementation lets administrators create them',
  test: async t => {
    const probe = await t.shared()
    const { spec } = await t.kube.get(
      'Revision',
      probe.resource.status?.latestReadyRevisionName ?? '',
    )
    const draft = { metadata: { name: `${probe.name}-mine` }, ...(spec && { spec }) }
    await t.refused(t.kube.create('Revision', draft), /./, 'a Revision of a client')
  },
}
