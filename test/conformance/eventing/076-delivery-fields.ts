import type { Rule } from '../rule.ts'
import type { Fields } from '../target/resource.ts'

export const rule: Rule = {
  item: 76,
  level: 'must',
  source: 'control-plane',
  title: 'the fields of a delivery are checked',
  test: async t => {
    const broker = t.name('broker')
    const refuse = (delivery: Fields, pattern: RegExp) => {
      const spec = { broker, subscriber: { uri: 'http://example.com/' }, delivery }
      const asked = t.kube.create('Trigger', { metadata: { name: t.name('trigger') }, spec })
      return t.refused(asked, pattern, JSON.stringify(delivery))
    }
    await refuse({ retry: -1 }, /invalid value.*retry/)
    await refuse({ backoffPolicy: 'random' }, /invalid value.*backoffPolicy/)
    await refuse({ backoffDelay: '1 second' }, /invalid value.*backoffDelay/)
    await refuse({ timeout: 'PT0S' }, /invalid value.*timeout/)
  },
}
