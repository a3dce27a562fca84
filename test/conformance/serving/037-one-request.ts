import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 37,
  level: 'must',
  source: 'serving-api',
  title: 'each request counts as one, also of those that share a connection',
  test: async t => {
    const annotations = { 'max-scale': '1' }
    const probe = await t.probe({ annotations, pod: { containerConcurrency: 1 } })
    const reports = await Promise.all(Array.from({ length: 4 }, () => probe.report('/wait/50')))
    t.equal(Math.max(...reports.map(({ most }) => most)), 1, 'how many ran at once')
    t.equal(reports.length, 4, 'how many were answered')
  },
}
