import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 46,
  level: 'must',
  source: 'serving-api',
  title: 'the percents of the traffic sum to 100',
  test: async t => {
    const traffic = [{ latestRevision: true, percent: 90 }]
    await t.refused(t.apply({ traffic }), /sum(med)? to 100|sum to 90/i, '90 percent')
    const { spec } = await t.apply({
      traffic: [
        { latestRevision: true, percent: 100 },
        { latestRevision: true, tag: 'now' },
      ],
    })
    t.ok(spec !== undefined, 'a percent that is missing counts as 0')
  },
}
