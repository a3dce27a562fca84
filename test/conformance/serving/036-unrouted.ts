import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 36,
  level: 'may',
  source: 'serving-api',
  title: 'a Revision without traffic goes to zero, whatever its min-scale says',
  timed: true,
  test: async t => {
    const { name } = await t.probe({ annotations: { 'min-scale': '1', window: '6s' } })
    const annotations = { 'autoscaling.knative.dev/min-scale': '0' }
    await t.kube.patch('Service', name, { spec: { template: { metadata: { annotations } } } })
    await t.settled('Service', name)
    await t.until(
      'the first has no process',
      async () => {
        await t.passTime(20_000)
        return ((await t.kube.get('Revision', `${name}-00001`)).status?.actualReplicas ?? 0) === 0
      },
      120_000,
    )
  },
}
