import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 15,
  level: 'must',
  source: 'runtime-contract',
  title: 'a readiness probe asks the port that takes the requests',
  test: async t => {
    const readinessProbe = { httpGet: { path: '/sink/ready' } }
    const probe = await t.probe({ container: { readinessProbe } })
    const asked = JSON.parse((await probe.request('/received/ready')).text) as { method: string }[]
    t.equal(asked[0]?.method, 'GET', 'what came to the path of the probe before it was ready')
  },
}
