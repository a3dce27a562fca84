import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 27,
  level: 'must',
  source: 'serving-api',
  title: 'a Revision is read, listed and deleted',
  test: async t => {
    const probe = await t.probe()
    const [name = ''] = [probe.resource.status?.latestReadyRevisionName]
    const labelSelector = `serving.knative.dev/service=${probe.name}`
    const names = async () =>
      (await t.kube.list('Revision', { labelSelector })).map(({ metadata }) => metadata.name)
    t.equal((await t.kube.get('Revision', name)).metadata.name, name, 'the one that is read')
    t.equal(await names(), [name], 'the list')
    await t.kube.patch('Service', probe.name, {
      spec: { template: { metadata: { labels: { n: '2' } } } },
    })
    await t.settled('Service', probe.name)
    await t.kube.remove('Revision', name)
    await t.until('it is gone', async () => !(await names()).includes(name))
  },
}
