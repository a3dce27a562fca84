import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 27,
  level: 'must',
  source: 'serving-api',
  title: 'the spec of a Revision does not change',
  test: async t => {
    const probe = await t.shared()
    const name = probe.resource.status?.latestReadyRevisionName ?? ''
    const change = t.kube.patch('Revision', name, { spec: { containerConcurrency: 7 } })
    await t.refused(change, /Immutable fields changed|not allowed|not supported/i, 'a change')
  },
}
