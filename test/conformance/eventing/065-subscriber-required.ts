import type { Rule } from '../rule.ts'
import type { Fields } from '../target/resource.ts'

export const rule: Rule = {
  item: 65,
  level: 'must',
  source: 'control-plane',
  title: 'a Subscription sends somewhere, of a Channel that it names',
  test: async t => {
    const name = t.name('subscription')
    const channel = { apiVersion: 'messaging.knative.dev/v1', kind: 'Channel', name: 'any' }
    const create = (spec: Fields) => t.kube.create('Subscription', { metadata: { name }, spec })
    await t.refused(create({ channel }), /missing field|at least one/i, 'one without a subscriber')
    const subscriber = { uri: 'http://example.com/' }
    await t.refused(create({ subscriber }), /missing field.*channel/i, 'one without a channel')
  },
}
