import type { Rule } from '../rule.ts'
import type { Fields } from '../target/resource.ts'

export const rule: Rule = {
  item: 46,
  level: 'must',
  source: 'serving-api',
  title: 'a target of traffic names one Revision or the latest, and nothing else',
  test: async t => {
    const refuse = (target: Fields, pattern: RegExp) =>
      t.refused(
        t.apply({ traffic: [{ percent: 100, ...target }] }),
        pattern,
        JSON.stringify(target),
      )
    await refuse({ configurationName: 'x' }, /must not set.*configurationName/)
    await refuse({ latestRevision: true, url: 'http://x' }, /must not set.*url/)
    await refuse({ latestRevision: true, revisionName: 'x-00001' }, /may not set revisionName/)
  },
}
