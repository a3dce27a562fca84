import type { Rule } from '../rule.ts'

const NAMES = ['00003', '00004', '00005']

export const rule: Rule = {
  item: 36,
  level: 'may',
  source: 'serving-api',
  title: 'Revisions that are long without traffic are collected, beyond the ones to keep',
  timed: true,
  notOnCluster: 'it takes two days, and an operator who keeps two',
  test: async t => {
    const { name } = await t.probe()
    for (let count = 2; count <= 5; count++) {
      const metadata = { labels: { count: String(count) } }
      await t.kube.patch('Service', name, { spec: { template: { metadata } } })
      await t.settled('Service', name)
    }
    await t.passTime(50 * 3_600_000)
    const labelSelector = `serving.knative.dev/service=${name}`
    await t.until('two without traffic are left', async () => {
      const kept = (await t.kube.list('Revision', { labelSelector })).map(
        each => each.metadata.name,
      )
      return kept.length === 3 && NAMES.every(number => kept.includes(`${name}-${number}`))
    })
  },
}
