import { Agent } from 'node:http'
import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 42,
  level: 'must',
  source: 'serving-api',
  title: 'a client is not bound to one Revision',
  test: async t => {
    const { name, report } = await t.probe()
    const traffic = [
      { revisionName: `${name}-00001`, percent: 50 },
      { latestRevision: true, percent: 50 },
    ]
    await t.kube.patch('Service', name, {
      spec: { template: { metadata: { labels: { n: '2' } } }, traffic },
    })
    await t.settled('Service', name)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const seen = new Set<string | undefined>()
    for (let asked = 0; asked < 30; asked++)
      seen.add((await report('/report', { agent })).env.K_REVISION)
    agent.destroy()
    t.equal(seen.size, 2, 'how many Revisions answered on one connection')
  },
}
