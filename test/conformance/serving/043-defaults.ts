import type { Rule } from '../rule.ts'
import { at } from '../target/resource.ts'

export const rule: Rule = {
  item: 43,
  level: 'must',
  source: 'serving-api',
  title: 'timeoutSeconds and containerConcurrency have defaults',
  test: async t => {
    const { spec } = await t.apply()
    t.equal(at(spec, 'template.spec.containerConcurrency'), 0, 'containerConcurrency')
    t.equal(at(spec, 'template.spec.timeoutSeconds'), 300, 'timeoutSeconds')
  },
}
