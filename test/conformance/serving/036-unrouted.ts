import type { Rule } from '../rule.ts'
import { toZero } from '../to-zero.ts'

export const rule: Rule = {
  item: 36,
  level: 'may',
  source: 'serving-api',
  title: 'a Revision without traffic goes to zero, whatever its min-scale says',
  timed: true,
  test: async t => {
    const sink = await t.sink()
    const annotations = { 'min-scale': '1', window: '6s' }
    const { name, report } = await t.probe({ env: { PROBE_TELL: sink.uri }, annotations })
    const { instance } = await report()
    await t.passTime(200_000)
    t.equal((await report()).instance, instance, 'the process that min-scale keeps')
    const template = { metadata: { annotations: { 'autoscaling.knative.dev/min-scale': '0' } } }
    await t.kube.patch('Service', name, { spec: { template } })
    await t.settled('Service', name)
    await toZero(t, `${name}-00001`)
    const [last] = (await sink.waitFor(3)).filter(({ body }) => body.includes('SIGTERM'))
    t.match(last?.body, new RegExp(instance), 'the process that was asked to end')
  },
}
