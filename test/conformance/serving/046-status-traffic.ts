import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 46,
  level: 'must',
  source: 'serving-api',
  title: 'the status of the traffic tells which targets follow the latest Revision',
  test: async t => {
    const { name } = await t.probe()
    const traffic = [
      { revisionName: `${name}-00001`, percent: 50 },
      { latestRevision: true, percent: 50 },
    ]
    await t.kube.patch('Service', name, {
      spec: { template: { metadata: { labels: { n: '2' } } }, traffic },
    })
    const { status } = await t.settled('Service', name)
    const told = status?.traffic?.map(each => [each.revisionName, each.latestRevision === true])
    t.equal(
      told,
      [
        [`${name}-00001`, false],
        [`${name}-00002`, true],
      ],
      'the targets',
    )
    t.ok(!status?.traffic?.some(each => 'configurationName' in each), 'no configurationName')
  },
}
