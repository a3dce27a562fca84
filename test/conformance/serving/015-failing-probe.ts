import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 15,
  level: 'must',
  source: 'runtime-contract',
  title: 'a process whose readiness probe fails gets no request',
  test: async t => {
    const readinessProbe = { httpGet: { path: '/status/500' } }
    const annotations = { 'serving.knative.dev/progress-deadline': '4s' }
    const { metadata } = await t.apply({ container: { readinessProbe }, annotations })
    const failed = await t.settled('Service', metadata.name, 'False')
    t.equal(failed.status?.latestReadyRevisionName, undefined, 'the latest ready revision')
  },
}
