import type { Rule } from '../rule.ts'
import { at } from '../target/resource.ts'

export const rule: Rule = {
  item: 16,
  level: 'should',
  source: 'runtime-contract',
  title: 'without a readiness probe the port is tried by TCP',
  test: async t => {
    const { spec } = await t.apply()
    const probe = at(spec, 'template.spec.containers.0.readinessProbe')
    t.ok(at(probe, 'tcpSocket') !== undefined, 'the default probe must be by TCP')
    t.equal(at(probe, 'successThreshold'), 1, 'successThreshold')
    t.equal(at(probe, 'initialDelaySeconds') ?? 0, 0, 'initialDelaySeconds')
  },
}
