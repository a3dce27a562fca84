import type { Rule } from '../rule.ts'
import { toZero } from '../to-zero.ts'

export const rule: Rule = {
  item: 40,
  level: 'must',
  source: 'serving-api',
  title: 'a request to a Service without a process waits for one and is answered',
  timed: true,
  test: async t => {
    const probe = await t.probe({ annotations: { window: '6s' } })
    const { instance } = await probe.report()
    await toZero(t, `${probe.name}-00001`)
    const report = await probe.report()
    t.ok(report.instance !== instance, 'another process must answer')
    t.equal(report.served, 1, 'how many requests it had')
  },
}
