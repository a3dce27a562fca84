import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 29,
  level: 'should',
  source: 'serving-api',
  title: 'a Service leaves an object alone that it does not own, and says so',
  emulator: { parity: 'absent', note: 'Routes and Configurations are made by Services only' },
  test: async t => {
    const name = t.name()
    const spec = { template: { spec: { containers: [{ image: t.target.image }] } } }
    const { metadata } = await t.kube.create('Configuration', { metadata: { name }, spec })
    await t.apply({ name })
    const failed = await t.settled('Service', name, 'False')
    t.equal(conditionOf(failed)?.reason, 'NotOwned', 'the reason')
    t.equal(
      (await t.kube.get('Configuration', name)).metadata.uid,
      metadata.uid,
      'the Configuration',
    )
  },
}
