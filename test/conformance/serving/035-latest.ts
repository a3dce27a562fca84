import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 35,
  level: 'must',
  source: 'serving-api',
  title: 'the latest created and the latest ready Revision are told apart',
  test: async t => {
    const { name } = await t.probe()
    const env = [{ name: 'PROBE_DEAF', value: '1' }]
    const containers = [{ image: t.target.image, env }]
    await t.kube.patch('Service', name, { spec: { template: { spec: { containers } } } })
    const { status } = await t.until('there is a second revision', async () => {
      const service = await t.kube.get('Service', name)
      return service.status?.latestCreatedRevisionName === `${name}-00002` && service
    })
    t.equal(status?.latestReadyRevisionName, `${name}-00001`, 'the latest ready')
  },
}
