import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 31,
  level: 'must',
  source: 'serving-api',
  title: 'the conditions of a Service tell of its Configuration and its Route',
  test: async t => {
    const { name, resource } = await t.shared()
    const types = (resource.status?.conditions ?? []).map(({ type }) => type)
    t.equal(types.toSorted(), ['ConfigurationsReady', 'Ready', 'RoutesReady'], 'the types')
    const { status } = await t.kube.get('Configuration', name)
    const { latestCreatedRevisionName, latestReadyRevisionName, url } = resource.status ?? {}
    t.equal(latestCreatedRevisionName, status?.latestCreatedRevisionName, 'the latest created')
    t.equal(latestReadyRevisionName, status?.latestReadyRevisionName, 'the latest ready')
    t.equal(url, (await t.kube.get('Route', name)).status?.url, 'the url')
  },
}
