import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 46,
  level: 'must',
  source: 'serving-api',
  title: 'two targets of traffic do not share a tag',
  test: async t => {
    const traffic = [
      { latestRevision: true, percent: 100, tag: 'now' },
      { latestRevision: true, percent: 0, tag: 'now' },
    ]
    await t.refused(
      t.apply({ traffic }),
      /Multiple definitions for|multiple.*tag/i,
      'one tag twice',
    )
  },
}
