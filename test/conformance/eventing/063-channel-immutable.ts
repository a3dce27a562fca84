import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 63,
  level: 'must',
  source: 'control-plane',
  title: 'the channel of a Subscription does not change',
  test: async t => {
    const name = t.name('channel')
    await t.kube.create('Channel', { metadata: { name }, spec: {} })
    const channel = { apiVersion: 'messaging.knative.dev/v1', kind: 'Channel', name }
    const spec = { channel, subscriber: { uri: 'http://example.com/' } }
    await t.kube.create('Subscription', { metadata: { name }, spec })
    const change = { spec: { channel: { ...channel, name: 'other' } } }
    await t.refused(
      t.kube.patch('Subscription', name, change),
      /Immutable fields changed/,
      'another',
    )
  },
}
