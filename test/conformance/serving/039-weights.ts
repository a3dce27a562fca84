import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 39,
  level: 'must',
  source: 'serving-api',
  title: 'requests are spread by the weights of the traffic',
  test: async t => {
    const { name, report } = await t.probe()
    const template = { metadata: { labels: { n: '2' } } }
    const traffic = [
      { revisionName: `${name}-00001`, percent: 20 },
      { latestRevision: true, percent: 80 },
    ]
    await t.kube.patch('Service', name, { spec: { template, traffic } })
    await t.settled('Service', name)
    let first = 0
    for (let round = 0; round < 20; round++) {
      const reports = await Promise.all(Array.from({ length: 10 }, () => report()))
      first += reports.filter(({ env }) => env.K_REVISION === `${name}-00001`).length
    }
    // Five standard deviations around 40.
    t.ok(first > 12 && first < 68, `of 200 requests about 40 must go to 20 percent, got ${first}`)
  },
}
