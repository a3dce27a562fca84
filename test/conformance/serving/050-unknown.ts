import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 50,
  level: 'should',
  source: 'error-signalling',
  title: 'a resource that is not there yet is Unknown',
  test: async t => {
    const { metadata } = await t.apply({ env: { PROBE_DEAF: '1' } })
    const service = await t.settled('Service', metadata.name, 'Unknown')
    t.equal(conditionOf(service)?.status, 'Unknown', 'Ready while its process does not listen')
  },
}
