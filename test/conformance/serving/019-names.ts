import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 19,
  level: 'should',
  source: 'runtime-contract',
  title: 'a process knows its service, configuration and revision',
  test: async t => {
    const { name, resource, report } = await t.shared()
    const { env } = await report()
    t.equal(env.K_SERVICE, name, 'K_SERVICE')
    t.equal(env.K_CONFIGURATION, name, 'K_CONFIGURATION')
    t.equal(env.K_REVISION, resource.status?.latestReadyRevisionName, 'K_REVISION')
  },
}
